package collect

import (
	"reflect"
	"testing"
	"time"

	"github.com/imbundle/imbundle/specs"
)

func TestIncidentYAML(t *testing.T) {
	i := Incident{
		Users: []string{"u_1", "2"}, Conversations: []string{"si_u_1_2"}, Platforms: []string{"ios"}, Scenario: "realtime", Scope: "some",
		From: time.Date(2026, 11, 25, 9, 0, 0, 0, shanghai), Note: "推送慢: \"late\"\n- # {x}", Around: "10:00±5m",
	}
	body, err := i.YAML()
	if err != nil {
		t.Fatal(err)
	}
	var back struct {
		User         []string `yaml:"user"`
		Conversation []string `yaml:"conversation"`
		Platform     []string `yaml:"platform"`
		Scenario     string   `yaml:"scenario"`
		Scope        string   `yaml:"scope"`
		From         string   `yaml:"from"`
		Around       string   `yaml:"around"`
		Note         string   `yaml:"note"`
	}
	if err := specs.DecodeYAML("incident.yaml", body, &back); err != nil {
		t.Fatalf("%v in:\n%s", err, body)
	}
	if !reflect.DeepEqual(back.User, i.Users) || back.Note != i.Note || back.From != "2026-11-25T09:00:00+08:00" || back.Scenario != "realtime" {
		t.Errorf("came back as %+v from:\n%s", back, body)
	}
	if (Incident{}).Map() == nil || !(Incident{}).IsZero() || i.IsZero() {
		t.Error("an empty incident is zero, a filled one is not")
	}
	if (Incident{Scenario: "sync"}).Validate() == nil || (Incident{Scope: "many"}).Validate() == nil || i.Validate() != nil {
		t.Error("scenario and scope have closed sets of values")
	}
}
