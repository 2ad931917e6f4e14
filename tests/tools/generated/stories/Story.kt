/** The story, told in Kotlin by what openapi-generator makes for Java. */
package story

import java.util.Base64
import java.util.UUID
import org.openapitools.client.ApiClient
import org.openapitools.client.ApiException
import org.openapitools.client.api.SignUpApi
import org.openapitools.client.api.UserDetailsApi
import org.openapitools.client.model.Problem
import org.openapitools.client.model.SignedUp

private const val PASSWORD = "an otter counts nine moons"
private const val LASTNAME = "Łuk & O'Neill"

fun main(arguments: Array<String>) {
    val (url, username) = arguments
    fun client() = ApiClient().apply { updateBaseUri(url) }
    fun signedIn(password: String): UserDetailsApi {
        val pair = "$username:$password".toByteArray()
        val basic = "Basic " + Base64.getEncoder().encodeToString(pair)
        return UserDetailsApi(client().setRequestInterceptor { it.header("Authorization", basic) })
    }

    val signUps = SignUpApi(client())
    val anyone = UserDetailsApi(client())
    val account = signedIn(PASSWORD)
    val stranger = signedIn("not the right password")
    val seen = mutableListOf<Int>()

    val signedUp = signUps.signUpWithHttpInfo(username, null, PASSWORD)
    check(signedUp.data.message == SignedUp.MessageEnum.SUCCESS) { "not signed up" }
    seen += signedUp.statusCode

    val given = anyone.createUserDetailsWithHttpInfo(username, LASTNAME, null, null)
    val link = given.data.id
    check(given.headers["location"] == listOf("/userDetails/$link")) { "another link" }
    seen += given.statusCode

    val ids = mutableSetOf<UUID>()
    repeat(2) {
        val key = "the-key-of-$username"
        val own = account.createUserDetailsWithHttpInfo(username, LASTNAME, key, "Zoë")
        ids += own.data.id
        seen += own.statusCode
    }

    val mine = account.getMyUserDetailsWithHttpInfo()
    check(ids == setOf(mine.data.id)) { "not the newest" }
    check(mine.data.firstname == "Zoë" && mine.data.lastname == LASTNAME) { "altered" }
    seen += mine.statusCode

    val read = anyone.getUserDetailsWithHttpInfo(link)
    check(read.data.firstname == null) { "a name that was not given" }
    check(read.data.createdAt <= mine.data.createdAt) { "later than what came later" }
    seen += read.statusCode

    seen += anyone.deleteUserDetailsWithHttpInfo(link).statusCode

    println(seen.joinToString(" "))
    println(refused { anyone.createUserDetails(username, "", null, null) })
    println(refused { stranger.getMyUserDetails() })
    println(refused { account.createUserDetails("not-$username", LASTNAME, null, null) })
    println(refused { anyone.getUserDetails(link) })
    println(refused { signUps.signUp(username, null, PASSWORD) })
}

/** What was refused, by the problem's own fields: the exception has its text, the model reads. */
private fun refused(request: () -> Unit): String {
    try {
        request()
    } catch (refusal: ApiException) {
        val mapper = ApiClient.createDefaultObjectMapper()
        val problem = mapper.readValue(refusal.responseBody, Problem::class.java)
        check(problem.detail.isNotEmpty() && problem.status == refusal.code) { problem.title }
        val fields = problem.errors.orEmpty().keys.sorted()
        return (listOf(problem.status, problem.type) + fields).joinToString(" ")
    }
    error("it was not refused")
}
