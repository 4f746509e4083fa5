package doctor

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"text/template"

	"apigwprobe/internal/causes"
	"apigwprobe/probe"
)

// Fix is what to change about a cause, with the names that the parts of the API have.
type Fix struct {
	Change string `json:"change"` // one sentence, as on the page of the cause
	Steps  []Step `json:"steps"`
	Deploy Deploy `json:"deploy"`
}

// Step is one part of a fix: what to do, or what to write where.
type Step struct {
	Text     string `json:"text"`
	Language string `json:"language"` // of the code: sh, json or yaml; "": there is none
	Code     string `json:"code"`
}

// Deploy says whether the change reaches the stage by itself.
type Deploy struct {
	Needed  bool   `json:"needed"`
	When    string `json:"when"`    // what it depends on, or why not; "": nothing
	Command string `json:"command"` // "" if it is never needed
}

//go:embed fixes
var files embed.FS

// open is the section of a layer for what it should have refused, and let past.
const open = "open"

// templates are the fixes: a template for each cause of each layer, "waf/waf-blocked".
var templates = sync.OnceValue(func() *template.Template {
	all := template.New("").Option("missingkey=error").Funcs(template.FuncMap{
		"sh": shellWord, "js": jsonString, "name": func(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] },
	})
	template.Must(all.ParseFS(files, "fixes/shared.tmpl"))
	for _, l := range probe.Layers() {
		text, err := files.ReadFile("fixes/" + string(l) + ".md")
		if err != nil {
			panic("doctor: " + err.Error()) // the files are part of the program, and the tests read them all
		}
		for _, section := range strings.Split(string(text), "\n## ")[1:] {
			cause, body, _ := strings.Cut(section, "\n")
			template.Must(all.New(string(l) + "/" + cause).Parse(body))
		}
	}
	return all
})

// fixOf is the fix of a cause. Where a layer is known and its cause is not, there is none.
func fixOf(l probe.Layer, c probe.Cause, n names) *Fix {
	t := templates().Lookup(string(l) + "/" + string(c))
	if t == nil {
		return nil
	}
	f := parseFix(execute(t, n))
	f.Change = causes.Next(l, c)
	if f.Deploy.Needed || strings.HasPrefix(f.Deploy.When, "unless") {
		f.Deploy.Command = execute(templates().Lookup("deploy"), n)
	}
	return f
}

func execute(t *template.Template, n names) string {
	var b strings.Builder
	if err := t.Execute(&b, n); err != nil {
		panic("doctor: " + err.Error()) // the tests render every fix for every type of API
	}
	return b.String()
}

// parseFix reads paragraphs and the code that follows each.
func parseFix(text string) *Fix {
	f := &Fix{}
	for i, part := range strings.Split(text, "```") {
		if i%2 == 1 {
			language, code, _ := strings.Cut(part, "\n")
			if last := len(f.Steps) - 1; last >= 0 && f.Steps[last].Code == "" {
				f.Steps[last].Language, f.Steps[last].Code = language, strings.TrimSpace(code)
			} else {
				f.Steps = append(f.Steps, Step{Language: language, Code: strings.TrimSpace(code)})
			}
			continue
		}
		for paragraph := range strings.SplitSeq(part, "\n\n") {
			paragraph = strings.Join(strings.Fields(paragraph), " ")
			if deploy, ok := strings.CutPrefix(paragraph, "Deploy: "); ok {
				word, when, _ := strings.Cut(deploy, ", ")
				f.Deploy = Deploy{Needed: word == "yes", When: when}
			} else if paragraph != "" {
				f.Steps = append(f.Steps, Step{Text: paragraph})
			}
		}
	}
	return f
}

// shellWord is a text as one word of a POSIX shell.
func shellWord(text string) string {
	if text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@%+,=") == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

func jsonString(text string) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		return "", fmt.Errorf("quoting %q: %w", text, err)
	}
	return strings.TrimSpace(b.String()), nil
}
