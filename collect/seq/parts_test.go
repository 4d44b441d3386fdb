package seq

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/collect/backends"
)

func TestDerive(t *testing.T) {
	c := choice{seen: map[string]*wanted{}}
	c.derive([]string{"u_2", "U1"}, []string{"g"})
	var sure, guessed []string
	for _, w := range c.all {
		if w.guess {
			guessed = append(guessed, w.ID)
		} else {
			sure = append(sure, w.ID)
		}
	}
	if want := []string{"sg_g", "si_U1_u_2"}; !slices.Equal(sure, want) {
		t.Errorf("sure %q, want %q", sure, want)
	}
	if want := []string{"n_g", "g_g", "n_u_2_u_2", "n_U1_u_2", "sn_U1_u_2", "n_U1_U1"}; !slices.Equal(guessed, want) {
		t.Errorf("guessed %q, want %q", guessed, want)
	}
}

func TestTaking(t *testing.T) {
	users := []string{"a", "a_b", "c"}
	for id, want := range map[string][]string{
		"si_a_b_c": {"a", "a_b", "c"}, // whether a or a_b cannot be told
		"si_x_c":   {"c"}, "sg_g": {"a", "a_b", "c"}, "n_a_b": {"a"}, "si_ac_xa": nil,
	} {
		var got []string
		for _, u := range taking(id, users) {
			got = append(got, u.User)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
}

func TestSlotOf(t *testing.T) {
	for key, want := range map[string]int{"123456789": 0x31C3, "foo": 12182, "{user1000}.following": slotOf("user1000"), "foo{}{bar}": slotOf("foo{}{bar}"), "MALLOC_SEQ:si_a_b": slotOf("MALLOC_SEQ:si_a_b")} {
		if got := slotOf(key); got != want {
			t.Errorf("slot of %q: %d, want %d", key, got, want)
		}
	}
}

func TestClusterMembers(t *testing.T) {
	text := "07c37 10.0.0.1:7001@17001,redis-0 myself,master - 0 1426 4 connected 0-5460 5462 [5461->-67ed2]\n" +
		"67ed2 10.0.0.2:7002@17002 master,fail - 1426 1426 2 disconnected 5463-10922\n" +
		"e7d15 :0@0 slave,noaddr 67ed2 0 1426 2 disconnected\n" +
		"292f8 :7003@17003 master - 0 1426 3 connected 10923-16383\n"
	stranger := func(_, address string) bool { return address == "203.0.113.7:7001" }
	if all := clusterMembers(strings.ReplaceAll(text, "10.0.0.1", "203.0.113.7"), "10.9.9.9:6379", stranger); all[0].Address != "10.9.9.9:6379" {
		t.Errorf("the server that answers is known as %s, which is not dialled", all[0].Address)
	}
	got := clusterMembers(text, "10.9.9.9:6379", stranger)
	if len(got) != 3 || got[0].Address != "10.0.0.1:7001" || got[0].Flags != "master" || got[2].Address != "10.9.9.9:6379" || got[1].Flags != "master,fail" {
		t.Fatalf("%+v", got)
	}
	if want := []record.Range{{From: 0, To: 5460}, {From: 5462, To: 5462}}; !slices.Equal(got[0].Slots, want) {
		t.Errorf("slots %v, want %v", got[0].Slots, want)
	}
}

// TestSlowLogKeepsNoValue: of the arguments only what OpenIM's keys begin with is kept.
func TestSlowLogKeepsNoValue(t *testing.T) {
	got := slowOf([]any{
		[]any{int64(7), int64(1_795_000_000), int64(120_000), []any{"HSET", "MSG_CACHE:si_a_b:7", "value", "hello you"}, "10.0.0.9:4711", ""},
		[]any{int64(8), int64(1_795_000_001), int64(9), []any{"EVAL", "return 'hello you'", "0"}},
		[]any{int64(9), int64(1_795_000_002), int64(9), []any{"hello you"}},
	})
	if len(got) != 3 || got[0].Command != "hset" || got[0].Key != "MSG_CACHE:*" || got[0].Client != "10.0.0.9:4711" || got[1].Key != "" || got[2].Command != "?" {
		t.Errorf("%+v", got)
	}
}

// TestLoginUnnamed: the name of the login that Redis refuses is neither in what a server said nor in a gap; the advice is as before.
func TestLoginUnnamed(t *testing.T) {
	err := errors.Join(errors.New("NOPERM User canary-user has no permissions to run the 'info' command"), errors.New("NOPERM User canary-user has no permissions to run the 'ping' command"))
	n := &redisNode{}
	n.refuse("INFO", err)
	gap := n.gap(bundle.RedisServer, "INFO", err)
	for _, text := range []string{n.Refused["INFO"], gap.Detail} {
		if strings.Contains(text, "canary") || strings.Count(text, "NOPERM this user has no permissions to run the '") != 2 {
			t.Error(text)
		}
	}
	if gap.Reason != bundle.Forbidden || !strings.Contains(gap.Detail, "the ACL forbids it") || !refused(err) {
		t.Errorf("%+v", gap)
	}
}

func TestAsks(t *testing.T) {
	s := New(Options{Redis: &backends.Redis{Addresses: []string{"r:1"}}, Mongo: &backends.Mongo{SRV: "m"}, Users: []string{"a", "b"}})
	of := map[string]int{}
	for _, a := range s.Asks() {
		of[a.Of+" "+a.At]++
		if a.Times <= 0 || a.What == "" {
			t.Errorf("%+v", a)
		}
	}
	if of["redis r:1"] < 10 || of["mongo m"] < 10 {
		t.Errorf("%v", of)
	}
	if asks := New(Options{}).Asks(); len(asks) > 0 {
		t.Errorf("with nobody to ask: %v", asks)
	}
}
