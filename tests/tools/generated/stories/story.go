// The story, told by what openapi-generator makes for Go.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"sort"
	"strings"

	"example.com/story/signup"
)

const (
	password = "an otter counts nine moons"
	lastname = "Łuk & O'Neill"
)

func main() {
	url, username := os.Args[1], os.Args[2]
	configuration := signup.NewConfiguration()
	configuration.Servers = signup.ServerConfigurations{{URL: url}}
	client := signup.NewAPIClient(configuration)
	signUps, details := client.SignUpAPI, client.UserDetailsAPI

	anyone := context.Background()
	account := signedIn(username, password)
	stranger := signedIn(username, "not the right password")
	seen := []string{}
	// count notes the status of a request that must succeed.
	count := func(response *http.Response, err error) {
		sure(err == nil, err)
		seen = append(seen, fmt.Sprint(response.StatusCode))
	}

	signUp := signUps.SignUp(anyone).Username(username).Password(password)
	signedUp, response, err := signUp.Execute()
	count(response, err)
	sure(signedUp.Message == "Success", "not signed up")

	form := details.CreateUserDetails(anyone).Username(username).Lastname(lastname)
	given, response, err := form.Execute()
	count(response, err)
	sure(response.Header.Get("Location") == "/userDetails/"+given.Id, "another link")

	ids := map[string]bool{}
	for range []string{"asked", "asked again"} {
		form := details.CreateUserDetails(account).Username(username).Lastname(lastname)
		own, response, err := form.Firstname("Zoë").IdempotencyKey("the-key-of-" + username).Execute()
		count(response, err)
		ids[own.Id] = true
	}

	mine, response, err := details.GetMyUserDetails(account).Execute()
	count(response, err)
	sure(len(ids) == 1 && ids[mine.Id], "not the newest")
	sure(*mine.Firstname.Get() == "Zoë" && mine.Lastname == lastname, "altered")

	read, response, err := details.GetUserDetails(anyone, given.Id).Execute()
	count(response, err)
	sure(read.Firstname.Get() == nil, "a name that was not given")
	sure(!read.CreatedAt.After(mine.CreatedAt), "later than what came later")

	count(details.DeleteUserDetails(anyone, given.Id).Execute())
	fmt.Println(strings.Join(seen, " "))

	// The client refuses an empty lastname itself; this one has no visible character.
	_, _, err = form.Lastname(" ").Execute()
	fmt.Println(told(err))
	_, _, err = details.GetMyUserDetails(stranger).Execute()
	fmt.Println(told(err))
	others := details.CreateUserDetails(account).Username("not-" + username).Lastname(lastname)
	_, _, err = others.Execute()
	fmt.Println(told(err))
	_, _, err = details.GetUserDetails(anyone, given.Id).Execute()
	fmt.Println(told(err))
	_, _, err = signUp.Execute()
	fmt.Println(told(err))
}

// signedIn returns a context with credentials, which the client sends as HTTP Basic.
func signedIn(username, password string) context.Context {
	credentials := signup.BasicAuth{UserName: username, Password: password}
	return context.WithValue(context.Background(), signup.ContextBasicAuth, credentials)
}

// told returns what was refused, by the problem's own fields: the error has its text.
func told(err error) string {
	var refusal *signup.GenericOpenAPIError
	sure(errors.As(err, &refusal), "it was not refused")
	var problem signup.Problem
	sure(json.Unmarshal(refusal.Body(), &problem) == nil, "no problem")
	sure(problem.Detail != "", problem.Title)
	fields := []string{}
	for field := range problem.GetErrors() {
		fields = append(fields, field)
	}
	sort.Strings(fields)
	return strings.TrimSpace(fmt.Sprint(problem.Status, " ", problem.Type, " ", strings.Join(fields, " ")))
}

// sure ends the program unless it is so.
func sure(so bool, what any) {
	if !so {
		log.Fatal(what)
	}
}
