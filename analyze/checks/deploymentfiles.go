package checks

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/specs"
)

var deploymentFiles = analyze.Check{
	ID: "deployment-files", Guide: "3",
	Title: say("部署文件：脚本、挂载、初始化", "deployment files: scripts, mounts, init"),
	Doc: say("从容器状态看部署文件本身的毛病：启动命令没有执行权限或不存在（StartError、退出码 126、127），要挂的文件其实是目录或反之。配置里的主题一个都不存在、而 broker 又不自动建主题时，提示初始化脚本没有执行过。引用的 ConfigMap 或键不存在另有检查；YAML 写错另有检查。",
		"Faults of the deployment's own files, by the state of containers: a start command that is not executable or does not exist (StartError, exit codes 126 and 127), a file that is mounted and is a directory, or the reverse. With none of the configured topics on brokers that make none by themselves it hints that the init script never ran. ConfigMaps and keys that do not exist have a check of their own, and so has what is no YAML."),
	Needs: []string{"cluster-resources/pods/<namespace>.json", "describe of the pods"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Pods) == 0 {
			return unknown()
		}
		var found []analyze.Evidence
		for _, p := range f.Pods {
			if e, ok := brokenPod(f, p); ok {
				found = append(found, e)
			}
		}
		if e, ok := topicsNeverMade(f); ok {
			found = append(found, e)
		}
		return answer(found)
	},
}

// brokenFiles are what runtimes say of a command or a mount that cannot be used.
var brokenFiles = []struct {
	text *regexp.Regexp
	says specs.Text
}{
	{regexp.MustCompile(`exec(?:: "[^"]*"| \S+): permission denied`), say("启动命令没有执行权限", "the start command is not executable")},
	{regexp.MustCompile(`exec: "[^"]*": (?:stat \S+: no such file or directory|executable file not found in \$PATH|is a directory)|exec \S+: no such file or directory`), say("启动命令不存在", "the start command does not exist")},
	{regexp.MustCompile(`mount a directory onto a file|error mounting .*: not a directory`), say("要挂载的文件是目录，或反之：源文件不存在时会被建成目录", "what is mounted as a file is a directory, or the reverse: a source that does not exist is made as a directory")},
}

// Exit codes of a shell that cannot run what it was told to.
const (
	notExecutable = 126
	notFound      = 127
)

// brokenFile says what of the deployment's files kept a container from running; nil for nothing.
func brokenFile(s analyze.ContainerState) *specs.Text {
	for i := range brokenFiles {
		if brokenFiles[i].text.MatchString(s.Message) {
			return &brokenFiles[i].says
		}
	}
	switch {
	case s.Kind != "Terminated":
		return nil
	case s.ExitCode == notExecutable:
		return &brokenFiles[0].says
	case s.ExitCode == notFound:
		return &brokenFiles[1].says
	}
	return nil
}

func brokenPod(f *analyze.Facts, p analyze.Pod) (analyze.Evidence, bool) {
	for _, c := range p.Containers {
		for _, s := range []analyze.ContainerState{c.State, c.Last} {
			says := brokenFile(s)
			if says == nil || c.State.Kind == "Running" && p.Ready || c.Kind == "ephemeral" || p.Role == "" && s.Message == "" {
				continue // an exit code alone of somebody else's pod may be what it was run for
			}
			return analyze.Evidence{
				Cause: "deployment-files-broken", Confidence: ours(f, p, analyze.Likely), Subject: subjectOf(p), Since: onset(c, s), Until: s.Finished, Says: *says,
				Samples: ofPod(p, "container %s: %s", c.Name, clip(strings.TrimSpace(stateText(s)))),
			}, true
		}
	}
	return analyze.Evidence{}, false
}

func stateText(s analyze.ContainerState) string {
	return fmt.Sprintf("%s, exit %d %s", s.Reason, s.ExitCode, s.Message)
}

// topicsNeverMade tells a cluster that has none of the topics that OpenIM is configured with and makes none.
func topicsNeverMade(f *analyze.Facts) (analyze.Evidence, bool) {
	const most = 2 // topics that may simply not be in use
	if f.Kafka == nil || f.Kafka.Topics == nil || len(f.Kafka.Topics.Missing) <= most || makesTopics(f.Kafka.Topics) {
		return analyze.Evidence{}, false
	}
	for _, t := range f.Kafka.Topics.Topics {
		if f.TopicHop(t.Name) != nil {
			return analyze.Evidence{}, false
		}
	}
	missing := f.Kafka.Topics.Missing
	e := ofKafka(f, "deployment-files-broken", analyze.Possible, "", "none of the configured topics exists: %s; brokers make none by themselves", strings.Join(missing, ", "))
	e.Says = say("配置里的主题一个都没有：建主题的初始化可能没有执行", "none of the configured topics exists: the init that makes them may never have run")
	return e, true
}
