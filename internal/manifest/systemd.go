package manifest

import (
	"io"
	"strings"
	"text/template"
	"time"

	"apigwprobe/probe"
)

var systemd = Kind{
	Name: "systemd", Help: "a service and a timer for each environment", Environments: true,
	Write: eachPlan(writeUnits),
}

// often is how often is probed where no schedule says so.
const often = 15 * time.Minute

var units = template.Must(template.New("units").Parse(`# /etc/systemd/system/{{.Unit}}.service
[Unit]
Description=Probe the APIs of {{.Environment}} on Amazon API Gateway
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart=/usr/local/bin/probe run {{.Name}} --config {{.Config}} --format json --output %S/probe/{{.Unit}}.json
{{- if .Variables}}
# {{range $i, $v := .Variables}}{{if $i}}, {{end}}{{$v}}{{end}}; readable by root alone
EnvironmentFile=/etc/probe/{{.Unit}}.env
{{- end}}
StateDirectory=probe
DynamicUser=yes
TimeoutStartSec={{.Limit}}
CapabilityBoundingSet=
LockPersonality=yes
MemoryDenyWriteExecute=yes
NoNewPrivileges=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectSystem=strict
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
UMask=0077

# /etc/systemd/system/{{.Unit}}.timer
[Unit]
Description=Probe the APIs of {{.Environment}} on a schedule

[Timer]
{{- range .Timer.Calendar}}
OnCalendar={{.}}
{{- end}}
{{- if .Timer.Interval}}
OnActiveSec=1min
OnUnitActiveSec={{.Interval}}
{{- else}}
Persistent=yes
{{- end}}

[Install]
WantedBy=timers.target
`))

func writeUnits(w io.Writer, in Input, plan probe.Plan) error {
	schedule := plan.Schedule
	if schedule == "" {
		schedule = "@every " + often.String()
	}
	on, err := timerOf(schedule, plan.Timezone)
	if err != nil {
		return err
	}
	limit := plan.RunTimeout + time.Minute // the run ends itself before
	return units.Execute(w, map[string]any{
		"Unit": unit(plan), "Environment": plan.Environment, "Name": quoted(plan.Environment), "Config": quoted(in.Path),
		"Variables": Variables(plan), "Timer": on, "Interval": seconds(on.Interval), "Limit": seconds(limit),
	})
}

// seconds is d as systemd writes spans.
func seconds(d time.Duration) string { return strings.TrimSuffix(d.Round(time.Second).String(), "0s") }

// quoted is a word of a command line in a unit, in which % begins a specifier.
func quoted(word string) string {
	word = strings.ReplaceAll(word, "%", "%%")
	if strings.ContainsAny(word, " \t\"'\\$") {
		word = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", "$$").Replace(word) + `"`
	}
	return word
}
