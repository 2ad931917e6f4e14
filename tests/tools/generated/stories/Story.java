import com.fasterxml.jackson.core.JsonProcessingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.ApiResponse;
import org.openapitools.client.api.SignUpApi;
import org.openapitools.client.api.UserDetailsApi;
import org.openapitools.client.model.CreatedUserDetails;
import org.openapitools.client.model.SignedUp;
import org.openapitools.client.model.Problem;
import org.openapitools.client.model.UserDetails;

/** The story, told by what openapi-generator makes for the JDK's own HTTP client. */
final class Story {
  private static final String PASSWORD = "an otter counts nine moons";
  private static final String LASTNAME = "Łuk & O'Neill";

  /** Something that is asked for, and may be refused. */
  private interface Request {
    void send() throws ApiException;
  }

  private final String url;
  private final String username;

  private Story(String url, String username) {
    this.url = url;
    this.username = username;
  }

  public static void main(String[] arguments) throws ApiException, JsonProcessingException {
    for (String line : new Story(arguments[0], arguments[1]).seen()) {
      System.out.println(line);
    }
  }

  private List<String> seen() throws ApiException, JsonProcessingException {
    SignUpApi signUps = new SignUpApi(client());
    UserDetailsApi anyone = new UserDetailsApi(client());
    UserDetailsApi account = new UserDetailsApi(client(PASSWORD));
    UserDetailsApi stranger = new UserDetailsApi(client("not the right password"));
    StringBuilder done = new StringBuilder();

    ApiResponse<SignedUp> signedUp = signUps.signUpWithHttpInfo(username, null, PASSWORD);
    sure(signedUp.getData().getMessage() == SignedUp.MessageEnum.SUCCESS, "not signed up");
    done.append(signedUp.getStatusCode());

    ApiResponse<CreatedUserDetails> given =
        anyone.createUserDetailsWithHttpInfo(username, LASTNAME, null, null);
    UUID link = given.getData().getId();
    List<String> location = given.getHeaders().get("location");
    sure(location.equals(List.of("/userDetails/" + link)), "another link");
    done.append(" ").append(given.getStatusCode());

    Set<UUID> ids = new HashSet<>();
    String key = "the-key-of-" + username;
    for (int i = 0; i < 2; i++) {
      ApiResponse<CreatedUserDetails> own =
          account.createUserDetailsWithHttpInfo(username, LASTNAME, key, "Zoë");
      ids.add(own.getData().getId());
      done.append(" ").append(own.getStatusCode());
    }

    ApiResponse<UserDetails> mine = account.getMyUserDetailsWithHttpInfo();
    sure(ids.equals(Set.of(mine.getData().getId())), "not the newest");
    sure(mine.getData().getFirstname().equals("Zoë"), "altered");
    sure(mine.getData().getLastname().equals(LASTNAME), "altered");
    done.append(" ").append(mine.getStatusCode());

    ApiResponse<UserDetails> read = anyone.getUserDetailsWithHttpInfo(link);
    sure(read.getData().getFirstname() == null, "a name that was not given");
    boolean later = read.getData().getCreatedAt().isAfter(mine.getData().getCreatedAt());
    sure(!later, "later than what came later");
    done.append(" ").append(read.getStatusCode());

    done.append(" ").append(anyone.deleteUserDetailsWithHttpInfo(link).getStatusCode());

    return List.of(
        done.toString(),
        refused(() -> anyone.createUserDetails(username, "", null, null)),
        refused(() -> stranger.getMyUserDetails()),
        refused(() -> account.createUserDetails("not-" + username, LASTNAME, null, null)),
        refused(() -> anyone.getUserDetails(link)),
        refused(() -> signUps.signUp(username, null, PASSWORD)));
  }

  private ApiClient client() {
    ApiClient client = new ApiClient();
    client.updateBaseUri(url);
    return client;
  }

  /** With credentials, for which this generator has no place: each request is given them. */
  private ApiClient client(String password) {
    byte[] pair = (username + ":" + password).getBytes(StandardCharsets.UTF_8);
    String basic = "Basic " + Base64.getEncoder().encodeToString(pair);
    return client().setRequestInterceptor(request -> request.header("Authorization", basic));
  }

  /** What was refused, by the problem's own fields: the exception has its text, the model reads. */
  private String refused(Request request) throws JsonProcessingException {
    try {
      request.send();
    } catch (ApiException refusal) {
      String body = refusal.getResponseBody();
      Problem problem = ApiClient.createDefaultObjectMapper().readValue(body, Problem.class);
      sure(!problem.getDetail().isEmpty(), problem.getTitle());
      sure(problem.getStatus() == refusal.getCode(), problem.getTitle());
      Map<String, List<String>> errors = problem.getErrors();
      String fields = String.join(" ", new TreeSet<>(errors.keySet()));
      return (problem.getStatus() + " " + problem.getType() + " " + fields).trim();
    }
    throw new IllegalStateException("it was not refused");
  }

  private static void sure(boolean so, String what) {
    if (!so) {
      throw new IllegalStateException(what);
    }
  }
}
