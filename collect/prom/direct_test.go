package prom

import (
	"net/http"
	"strings"
	"testing"
)

// TestDirectHidesCredentials keeps what an address holds beside the server out of what people are told, mistakes included.
func TestDirectHidesCredentials(t *testing.T) {
	for _, address := range []string{
		"htps://reader:canary@prom:9090", "http://reader:canary%zz@prom", "reader:canary@prom:9090", "http://reader:canary@", "https:///?token=canary",
	} {
		if _, _, err := Direct(http.DefaultClient, address); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", address, err)
		}
	}
	if _, at, err := Direct(http.DefaultClient, "https://reader:canary@prom:9090/sub?token=canary#canary"); err != nil || at != "https://prom:9090/sub" {
		t.Errorf("at %q, %v", at, err)
	}
}
