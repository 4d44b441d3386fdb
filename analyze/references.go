package analyze

import (
	"cmp"
	"encoding/json"
	"path"
	"slices"
)

// Reference is a key of a ConfigMap that a pod cannot start without; an empty Key stands for the object alone.
type Reference struct {
	ConfigMap, Key string
	By             string // "volume config", "variable SECRET of push"
}

// ConfigMap is one that the input holds, by its keys.
type ConfigMap struct {
	Namespace, Name, Entry string
	Keys                   []string // sorted
}

// podVolumes is the part of a pod's spec that names ConfigMaps.
type podVolumes struct {
	Volumes []struct {
		Name      string     `json:"name"`
		ConfigMap *mapVolume `json:"configMap"`
		Projected struct {
			Sources []struct {
				ConfigMap *mapVolume `json:"configMap"`
			} `json:"sources"`
		} `json:"projected"`
	} `json:"volumes"`
	Containers []mapReader `json:"containers"`
	Init       []mapReader `json:"initContainers"`
}

type mapVolume struct {
	Name     string `json:"name"`
	Optional bool   `json:"optional"`
	Items    []struct {
		Key  string `json:"key"`
		Path string `json:"path"`
	} `json:"items"`
}

type mapReader struct {
	Name    string   `json:"name"`
	Command []string `json:"command"`
	Args    []string `json:"args"`
	Mounts  []struct {
		Name    string `json:"name"`
		Path    string `json:"mountPath"`
		SubPath string `json:"subPath"`
	} `json:"volumeMounts"`
	Env []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
		From  struct {
			Key *struct {
				Name     string `json:"name"`
				Key      string `json:"key"`
				Optional bool   `json:"optional"`
			} `json:"configMapKeyRef"`
		} `json:"valueFrom"`
	} `json:"env"`
	EnvFrom []struct {
		Map *mapVolume `json:"configMapRef"`
	} `json:"envFrom"`
}

// referencesOf lists what a pod needs of ConfigMaps; what is optional is not needed.
func referencesOf(spec json.RawMessage) []Reference {
	var p podVolumes
	decodePart(spec, &p)
	var out []Reference
	whole := map[string]string{} // ConfigMap by the volume that has each of its keys as a file
	for _, v := range p.Volumes {
		maps := []*mapVolume{v.ConfigMap}
		for _, s := range v.Projected.Sources {
			maps = append(maps, s.ConfigMap)
		}
		for _, m := range maps {
			if m != nil && !m.Optional {
				out = append(out, m.references("volume "+v.Name)...)
			}
		}
		if m := v.ConfigMap; m != nil && !m.Optional && len(m.Items) == 0 {
			whole[v.Name] = m.Name
		}
	}
	for _, c := range slices.Concat(p.Init, p.Containers) {
		out = append(out, c.references(whole)...)
	}
	slices.SortFunc(out, func(a, b Reference) int {
		return cmp.Or(cmp.Compare(a.ConfigMap, b.ConfigMap), cmp.Compare(a.Key, b.Key), cmp.Compare(a.By, b.By))
	})
	return out
}

func (m *mapVolume) references(by string) []Reference {
	out := []Reference{{m.Name, "", by}}
	for _, i := range m.Items {
		out = append(out, Reference{m.Name, i.Key, by})
	}
	return out
}

func (c *mapReader) references(whole map[string]string) []Reference {
	var out []Reference
	for _, m := range c.Mounts {
		if name := whole[m.Name]; name != "" && m.SubPath != "" {
			out = append(out, Reference{name, m.SubPath, "mount of " + c.Name})
		}
	}
	for _, e := range c.Env {
		if k := e.From.Key; k != nil && !k.Optional {
			out = append(out, Reference{k.Name, k.Key, "variable " + e.Name + " of " + c.Name})
		}
	}
	for _, e := range c.EnvFrom {
		if e.Map != nil && !e.Map.Optional {
			out = append(out, Reference{e.Map.Name, "", "variables of " + c.Name})
		}
	}
	return out
}

// ConfigFolder is a ConfigMap whose keys are the files of the folder from which a container of OpenIM reads its configuration.
type ConfigFolder struct {
	ConfigMap, Container string
	By                   string // how the folder is named: CONFIG_PATH, -c, the image
}

// imageFolder is where OpenIM's images have their configuration.
const imageFolder = "/openim-server/config"

// configFoldersOf lists the configuration folders of a pod that are ConfigMaps as a whole.
func configFoldersOf(spec json.RawMessage) []ConfigFolder {
	var p podVolumes
	decodePart(spec, &p)
	whole := map[string]string{}
	for _, v := range p.Volumes {
		if m := v.ConfigMap; m != nil && len(m.Items) == 0 {
			whole[v.Name] = m.Name
		}
	}
	var out []ConfigFolder
	for _, c := range p.Containers {
		folder, by := c.folder()
		for _, m := range c.Mounts {
			if name := whole[m.Name]; name != "" && m.SubPath == "" && path.Clean(m.Path) == path.Clean(folder) {
				out = append(out, ConfigFolder{name, c.Name, by})
			}
		}
	}
	return out
}

// folder is where a container of OpenIM reads its configuration.
func (c *mapReader) folder() (folder, by string) {
	args := slices.Concat(c.Command, c.Args)
	if i := slices.Index(args, "-c"); i >= 0 && i+1 < len(args) {
		return args[i+1], "-c"
	}
	for _, e := range c.Env {
		if e.Name == ConfigPath && e.Value != "" {
			return e.Value, ConfigPath
		}
	}
	return imageFolder, "the image"
}

// ConfigPath is the variable that names the folder; line A does not know it.
const ConfigPath = "CONFIG_PATH"
