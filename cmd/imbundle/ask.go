package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/specs"
)

// question is one step of the intake: section 1 of the troubleshooting guide.
type question struct {
	text   specs.Text
	accept func(answer string) error // stores the answer; an error asks again
}

// ask puts the questions that no flag has answered. An empty answer skips one, the end of input all that follow.
func ask(in io.Reader, out io.Writer, lang string, f *intakeFlags) error {
	fmt.Fprintln(out, specs.Text{
		EN: "A few questions about the fault; Enter skips one, Ctrl-D the rest.",
		ZH: "关于故障的几个问题；回车跳过一个，Ctrl-D 跳过其余。",
	}.In(lang))
	answers := bufio.NewReader(in)
	for _, q := range f.questions() {
		for {
			fmt.Fprintf(out, "%s\n> ", q.text.In(lang))
			line, err := answers.ReadString('\n')
			if answer := strings.TrimSpace(line); answer != "" {
				if wrong := q.accept(answer); wrong != nil {
					fmt.Fprintln(out, wrong)
					if err == nil {
						continue
					}
				}
			}
			if errors.Is(err, io.EOF) {
				fmt.Fprintln(out)
				return nil
			}
			if err != nil {
				return fmt.Errorf("reading an answer: %w", err)
			}
			break
		}
	}
	return nil
}

// questions lists what is still open.
func (f *intakeFlags) questions() []question {
	var open []question
	list := func(into *[]string, text specs.Text) {
		if len(*into) == 0 {
			open = append(open, question{text, func(a string) error { *into = fields(a); return nil }})
		}
	}
	choice := func(into *string, allowed []string, text specs.Text) {
		if *into == "" {
			open = append(open, question{text, func(a string) error { return choose(into, a, allowed) }})
		}
	}
	choice(&f.scope, collect.Scopes, specs.Text{EN: "Who is affected: all users or some? (all, some)", ZH: "受影响的是全部用户还是部分用户？（all 全部，some 部分）"})
	choice(&f.scenario, collect.Scenarios, specs.Text{EN: "What is wrong: history when logging in, or delivery in real time? (history, realtime)", ZH: "是登录拉取历史有问题，还是实时推送有问题？（history 历史，realtime 实时）"})
	list(&f.users, specs.Text{EN: "Affected user ids, separated by spaces or commas:", ZH: "受影响的用户 ID，用空格或逗号分隔："})
	list(&f.groups, specs.Text{EN: "Affected group ids:", ZH: "受影响的群组 ID："})
	list(&f.conversations, specs.Text{EN: "Affected conversation ids:", ZH: "受影响的会话 ID："})
	list(&f.platforms, specs.Text{EN: "Kinds of clients (ios, android, web, h5, …):", ZH: "终端类型（ios、android、web、h5 等）："})
	if f.window == (collect.WindowFlags{}) {
		open = append(open, question{
			specs.Text{EN: "When was it seen? (15:04, \"2006-01-02 15:04\", 15:04±20m)", ZH: "什么时间出现的？（15:04、\"2006-01-02 15:04\"、15:04±20m）"},
			f.acceptTime,
		})
	}
	if f.note == "" {
		open = append(open, question{specs.Text{EN: "Anything else? (one line)", ZH: "其他说明？（一行）"}, func(a string) error { f.note = a; return nil }})
	}
	return open
}

// acceptTime takes a time only if it makes a window.
func (f *intakeFlags) acceptTime(answer string) error {
	w := collect.WindowFlags{Around: answer}
	if _, err := w.Window(f.now()); err != nil {
		return err
	}
	f.window = w
	return nil
}

// choose accepts a value, its beginning, or its Chinese name.
func choose(into *string, answer string, allowed []string) error {
	for chinese, value := range map[string]string{"全部": "all", "部分": "some", "历史": "history", "实时": "realtime"} {
		if answer == chinese {
			answer = value
		}
	}
	i := slices.IndexFunc(allowed, func(a string) bool { return strings.HasPrefix(a, strings.ToLower(answer)) })
	if i < 0 {
		return fmt.Errorf("%q is none of %s", answer, strings.Join(allowed, ", "))
	}
	*into = allowed[i]
	return nil
}

// fields splits a list at spaces and at commas of both scripts.
func fields(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" \t,，、;；", r) })
}
