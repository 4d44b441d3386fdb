package view

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func follow(t *testing.T, in Input, id string) *Operation {
	t.Helper()
	op, err := in.Follow(context.Background(), id, &Filter{})
	if err != nil {
		t.Fatal(err)
	}
	return op
}

func TestBatchOf(t *testing.T) {
	for _, c := range []struct {
		value, id string
		want      int
	}{
		{"op1", "op1", 1},
		{"op1", "op", 0},
		{"op10", "op1", 0},
		{"op1$op2$op3", "op2", 3},
		{"op1$op2$op3", "op1$op2$op3", 3},
		{"op1$op22", "op2", 0},
		{"@@@op1", "op1", 1},
		{"op0$@@@op1", "op1", 2},
		{"op1@@@5", "op1", 1},
		{"", "op1", 0},
	} {
		if got := batchOf(c.value, c.id); got != c.want {
			t.Errorf("batchOf(%q, %q) = %d, want %d", c.value, c.id, got, c.want)
		}
	}
}

func TestFollowEveryFormat(t *testing.T) {
	in := look(t, folder(t, map[string]string{
		"openim-api.log": firstHalf + otherHalf + console("10:00:01.100", "INFO", "openim-api", "another", `{"operationID": "op11"}`),
		"openim-msgtransfer.log": console("10:00:01.250", "INFO", "openim-msgtransfer", "msg arrived channel", `{"operationID": "op0$op1", "len": 2}`) +
			console("10:00:01.260", "ERROR", "openim-msgtransfer", "batch data insert to redis err", `{"operationID": "op0$op1", "error": "Error: 90 gone | -> f() x.go:1"}`),
		"openim-push.log":    `{"level":"INFO","time":"2026-11-23 10:00:01.300","logger":"openim-push","caller":"push/push.go:1","msg":"get users online   ","version":"v3.8.3","operationID":"@@@op1","quoted":"a \"b\""}` + "\n",
		"openim-rpc-msg.log": console("10:00:01.040", "INFO", "openim-rpc-msg", "mentions op1 in passing", `{"operationID": "x", "note": "op1"}`),
		"cut.log":            strings.TrimSuffix(console("10:00:01.400", "INFO", "openim-msggateway", "cut", `{"operationID": "op1", "rest": "is cu`), "\n"),
	}), nil)
	op := follow(t, in, "op1")
	var got []string
	for _, s := range op.Steps {
		got = append(got, s.Component+": "+s.says(false)+" "+since(op.first(), s.Time))
	}
	want := []string{
		"api: rpc client request /msg/Send +0ms",
		"msgtransfer: msg arrived channel [batch of 2] +250ms",
		"msgtransfer: batch data insert to redis err [batch of 2] — Error: 90 gone +260ms",
		"push: get users online +300ms",
		"cut: cut +400ms",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if op.Steps[0].Line != 2 || op.Steps[0].Caller != "mw/rpc.go:48" || !op.Steps[0].Time.Equal(time.Date(2026, 11, 23, 10, 0, 1, 0, time.UTC)) {
		t.Errorf("the split record: %+v", op.Steps[0])
	}
	if hops := strings.Join(op.Hops, " "); hops != "gateway api to-redis transfer push" {
		t.Errorf("hops %q", hops)
	}
	var out strings.Builder
	if err := op.Write(&out, in.Specs, false, Screen{}); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"✓ HTTP API", "? Mongo: history", "Failed  1× · +260ms msgtransfer", "Ended   +400ms cut"} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("the summary lacks %q:\n%s", text, out.String())
		}
	}
}

// A real message of a healthy server goes through all components, in batches with others.
func TestFollowARealMessage(t *testing.T) {
	op := follow(t, look(t, cases+"healthy", nil), "ok-1795423850564564486")
	if len(op.Steps) < 30 || op.Steps[0].Role != "api" || !slices.IsSortedFunc(op.Steps, func(a, b Step) int { return a.Time.Compare(b.Time) }) {
		t.Fatalf("%d steps, the first by %q", len(op.Steps), op.Steps[0].Role)
	}
	want := "gateway api rpc to-redis transfer redis to-mongo mongo to-push push"
	if got := strings.Join(op.Hops, " "); !strings.HasPrefix(got, want) {
		t.Errorf("hops %q, want %q", got, want)
	}
	if !slices.ContainsFunc(op.Steps, func(s Step) bool { return s.Batch == 4 }) {
		t.Error("no step is part of a batch of four")
	}
}

func TestFollowNothing(t *testing.T) {
	_, err := look(t, cases+"healthy", nil).Follow(context.Background(), "ok-179542385056456448", &Filter{})
	var unknown *UnknownError
	if !errors.As(err, &unknown) || unknown.What != "operation" {
		t.Errorf("a part of an id is taken for one: %v", err)
	}
}
