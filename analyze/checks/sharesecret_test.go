package checks

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/imbundle/imbundle/analyze"
)

// secretOf is a group of one component with its share.secret.
func secretOf(role, namespace, file, name string, alike int) string {
	return fmt.Sprintf(`{"of":[{"role":%q,"namespace":%q,"kind":"Deployment","name":"openim-%[1]s"}],"files":[],"ignored":[],
"settings":[{"file":%[3]q,"name":%[4]q,"value":"<redacted:secret>","from":"configmap %[2]s/config","line":2,"alike":%[5]d}]}`, role, namespace, file, name, alike)
}

// chatIn is an openim-chat of a namespace that calls an API.
func chatIn(namespace, api string, alike int) string {
	return strings.Replace(secretOf("chat", namespace, "share.yml", "openIM.secret", alike), `"settings":[`, fmt.Sprintf(`"settings":[{"file":"share.yml","name":"openIM.apiURL","value":%q,"from":"configmap x"},`, api), 1)
}

func TestShareSecret(t *testing.T) {
	auth, api := secretOf("rpc-auth", "im", "share.yml", "secret", 1), secretOf("api", "im", "share.yml", "secret", 1)
	for _, c := range []struct {
		name   string
		groups []string
		status string
		says   []string
	}{
		{"the same everywhere", []string{auth, api, secretOf("chat", "im", "share.yml", "openIM.secret", 1)}, analyze.Pass, nil},
		{
			"chat has another",
			[]string{secretOf("chat", "im", "share.yml", "openIM.secret", 2), api, auth},
			analyze.Fail,
			[]string{"openIM.secret of openim-chat (configmap im/config:2) differs from secret of openim-rpc-auth (configmap im/config:2)"},
		},
		{
			"the gateway of 3.6 has another",
			[]string{secretOf("rpc-auth", "im", "config.yaml", "secret", 1), secretOf("msggateway", "im", "config.yaml", "secret", 5)},
			analyze.Fail,
			[]string{"secret of openim-msggateway (configmap im/config:2) differs from secret of openim-rpc-auth (configmap im/config:2)"},
		},
		{"another installation has another", []string{auth, api, secretOf("rpc-auth", "test", "share.yml", "secret", 2)}, analyze.Pass, nil},
		{
			"chat of another namespace has another",
			[]string{auth, api, chatIn("chat", "http://openim-api-service.im:10002", 2)},
			analyze.Fail,
			[]string{"openIM.secret of openim-chat (configmap chat/config:2) differs from secret of openim-rpc-auth (configmap im/config:2)"},
		},
		{
			"chat calls by the full name",
			[]string{auth, secretOf("rpc-auth", "test", "share.yml", "secret", 2), chatIn("chat", "http://openim-api-service.im.svc.cluster.local:10002", 2)},
			analyze.Fail,
			[]string{"openIM.secret of openim-chat (configmap chat/config:2) differs from secret of openim-rpc-auth (configmap im/config:2)"},
		},
		{"chat of another namespace has the same", []string{auth, chatIn("chat", "http://openim-api-service.im:10002", 1)}, analyze.Pass, nil},
		{"chat calls nobody knows whom", []string{auth, api, chatIn("chat", "http://10.0.0.9:30002", 2)}, analyze.Pass, nil},
		{"chat calls a domain", []string{auth, api, chatIn("chat", "https://api.im.example.test", 2)}, analyze.Pass, nil},
		{"chat calls a namespace that was not collected", []string{auth, api, chatIn("chat", "http://openim-api-service.prod:10002", 2)}, analyze.Pass, nil},
		{
			"chat calls another installation than the one beside it",
			[]string{auth, secretOf("rpc-auth", "chat", "share.yml", "secret", 2), chatIn("chat", "http://openim-api-service.im:10002", 2)},
			analyze.Fail,
			[]string{"openIM.secret of openim-chat (configmap chat/config:2) differs from secret of openim-rpc-auth (configmap im/config:2)"},
		},
		{"one that makes no use of it", []string{auth, api, secretOf("rpc-group", "im", "share.yml", "secret", 2)}, analyze.Pass, nil},
		{"one alone", []string{auth}, analyze.Unknown, nil},
		{"one is not known", []string{auth, secretOf("chat", "im", "share.yml", "openIM.secret", 0)}, analyze.Unknown, nil},
		{"none", nil, analyze.Unknown, nil},
	} {
		f := factsOf(t, map[string]string{"config/effective.json": `{"schema":"imbundle/config/1","groups":[` + strings.Join(c.groups, ",") + `],"problems":[]}`})
		got := shareSecret.Run(f)
		var says []string
		for _, e := range got.Evidence {
			if e.Cause != "token-secret-mismatch" || e.Confidence != analyze.Likely {
				t.Errorf("%s: %+v", c.name, e)
			}
			says = append(says, e.Samples[0].Text)
		}
		if got.Status != c.status || !slices.Equal(says, c.says) {
			t.Errorf("%s: %s %q", c.name, got.Status, says)
		}
	}
}
