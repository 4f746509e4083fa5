package manifest

import (
	"fmt"
	"io"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"time"

	"apigwprobe/probe"
)

var kubernetes = Kind{
	Name: "kubernetes", Help: "a ConfigMap with the configuration and a CronJob for each environment", Environments: true,
	Write: eachPlan(writeCronJob),
}

// mounted is where the container finds the configuration, and the files that it names beside it.
const mounted = "/etc/probe"

var cronJob = template.Must(template.New("cronjob").Delims("<<", ">>").Funcs(template.FuncMap{"yaml": scalar, "lines": blockLines}).
	Parse(`---
# Probes <<.Environment>> on a schedule. Put in the image that your registry keeps ("goreleaser" or "ko build ./cmd/probe" makes one).
<<- if .Variables>>
# The secrets: kubectl create secret generic <<.Unit>><<range .Variables>> --from-literal=<<.>>=…<<end>>
<<- end>>
# Files that the configuration names beside itself, such as keys: kubectl create secret generic <<.Unit>>-files
<<- range .Beside>> --from-file=<<.>><<else>> --from-file=…<<end>>
<<- range .Elsewhere>>
# Not beside it, and to be mounted by you: <<.>>
<<- end>>
<<- range .Commands>>
# A command of the configuration, which the image has not: <<.>>
<<- end>>
apiVersion: v1
kind: ConfigMap
metadata:
  name: <<.Unit>>
data:
<<- range .Names>>
  <<yaml .>>: |2
<<lines (index $.Texts .)>>
<<- end>>
---
apiVersion: batch/v1
kind: CronJob
metadata:
  name: <<.Unit>>
spec:
  schedule: <<yaml .Schedule>>
  timeZone: <<yaml .Timezone>>
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 120
  successfulJobsHistoryLimit: 3
  failedJobsHistoryLimit: 10
  jobTemplate:
    spec:
      backoffLimit: 0 # a run that failed has found something
      activeDeadlineSeconds: <<.Seconds>>
      template:
        metadata:
          labels:
            app.kubernetes.io/name: probe
        spec:
          restartPolicy: Never
          automountServiceAccountToken: false
          securityContext:
            runAsNonRoot: true
            runAsUser: 65532
            runAsGroup: 65532
            fsGroup: 65532
            seccompProfile:
              type: RuntimeDefault
          containers:
            - name: probe
              image: probe:latest
              args: [run, <<yaml .Environment>>, --config, <<yaml .Config>>, --format, jsonl]
<<- if .Variables>>
              env:
<<- range .Variables>>
                - name: <<yaml .>>
                  valueFrom:
                    secretKeyRef:
                      name: <<$.Unit>>
                      key: <<yaml .>>
<<- end>>
<<- end>>
              resources:
                requests:
                  cpu: 50m
                  memory: 64Mi
                limits:
                  memory: 256Mi
              securityContext:
                allowPrivilegeEscalation: false
                readOnlyRootFilesystem: true
                capabilities:
                  drop: [ALL]
              volumeMounts:
                - name: configuration
                  mountPath: <<.Mounted>>
                  readOnly: true
          volumes:
            - name: configuration
              projected:
                defaultMode: 0440
                sources:
                  - configMap:
                      name: <<.Unit>>
                  - secret:
                      name: <<.Unit>>-files
                      optional: true
`))

func writeCronJob(w io.Writer, in Input, plan probe.Plan) error {
	texts, err := in.Texts()
	if err != nil {
		return err
	}
	schedule, err := cronOf(plan.Schedule)
	if err != nil {
		return err
	}
	config := mounted
	if _, ok := texts[filepath.Base(in.Path)]; ok {
		config = path.Join(mounted, filepath.Base(in.Path))
	}
	beside, elsewhere, commands := sources(in, plan)
	timezone := plan.Timezone
	if timezone == "" {
		timezone = "Etc/UTC"
	}
	return cronJob.Execute(w, map[string]any{
		"Unit": unit(plan), "Environment": plan.Environment, "Variables": Variables(plan), "Beside": beside, "Elsewhere": elsewhere, "Commands": commands,
		"Texts": texts, "Names": slices.Sorted(maps.Keys(texts)), "Config": config, "Mounted": mounted,
		"Schedule": schedule, "Timezone": timezone, "Seconds": int((plan.RunTimeout + time.Minute).Seconds()),
	})
}

// sources are the files that hold secrets of plan, beside the configuration or elsewhere, and the commands that print some.
func sources(in Input, plan probe.Plan) (beside, elsewhere, commands []string) {
	folder := in.Path
	if filepath.Ext(folder) != "" {
		folder = filepath.Dir(folder)
	}
	for _, ref := range plan.References() {
		switch {
		case ref.File != "" && filepath.Dir(ref.File) == folder:
			beside = append(beside, filepath.Base(ref.File))
		case ref.File != "":
			elsewhere = append(elsewhere, ref.File)
		case len(ref.Command) > 0:
			commands = append(commands, ref.Command[0])
		}
	}
	for _, words := range []*[]string{&beside, &elsewhere, &commands} {
		slices.Sort(*words)
		*words = slices.Compact(*words)
	}
	return beside, elsewhere, commands
}

// blockLines is text as the lines of a block scalar two deep.
func blockLines(text string) string {
	var lines []string
	for line := range strings.Lines(strings.TrimRight(text, "\r\n") + "\n") {
		line = strings.TrimRight(line, "\r\n")
		if line != "" {
			line = "    " + line
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// cronOf is schedule in the five fields that Kubernetes documents. An interval has some if it divides an hour or a day.
func cronOf(schedule string) (string, error) {
	if schedule == "" {
		schedule = "@every " + often.String()
	}
	interval, every := strings.CutPrefix(schedule, "@every ")
	if !every {
		return schedule, nil
	}
	d, err := time.ParseDuration(interval)
	if err != nil {
		return "", err
	}
	minutes := int(d / time.Minute)
	switch {
	case d%time.Minute != 0 || minutes < 1:
	case minutes < 60 && 60%minutes == 0:
		return fmt.Sprintf("*/%d * * * *", minutes), nil
	case minutes%60 == 0 && minutes < 24*60 && 24%(minutes/60) == 0:
		return fmt.Sprintf("0 */%d * * *", minutes/60), nil
	case minutes == 24*60:
		return "0 0 * * *", nil
	}
	return "", fmt.Errorf("reading schedule %q: got an interval that no cron expression says, want one that divides an hour or a day", schedule)
}
