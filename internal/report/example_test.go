package report_test

import (
	"fmt"
	"os"
	"time"

	"apigwprobe/internal/report"
	"apigwprobe/probe"
)

func ExampleFind() {
	format, err := report.Find("table")
	if err != nil {
		fmt.Println(err)
		return
	}
	sink := format.New(os.Stdout, report.Options{})
	// In a program the events come from probe.Matrix.Run.
	err = sink(probe.RunFinished{Report: probe.Report{
		Run:      probe.RunInfo{Environment: "prod", Started: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC), Requests: 1, DurationMS: 90, Complete: true},
		Summary:  probe.Summary{Pass: 1},
		Coverage: probe.Coverage{Routes: 1, Gates: 1, Proven: 1},
		Results: []probe.Result{{
			ID: "orders|GET /orders|default|unsigned", API: "orders", Route: "GET /orders", Access: probe.AccessDefault,
			AccessID: "default",
			Scenario: "unsigned", ScenarioKind: probe.Gate, Verdict: probe.Pass, Attempts: 1,
			Expected:    probe.Expected{Layer: probe.IAMAuthentication, Layers: []probe.Layer{probe.IAMAuthentication}, Status: []int{403}},
			Observed:    &probe.Observation{Status: 403},
			Attribution: &probe.Attribution{Layer: probe.IAMAuthentication, Cause: "unsigned-to-iam", Confidence: probe.Certain},
		}},
	}})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// prod: every gate that was asked holds
	// 1 request in 0.1 s, started 2026-11-21 09:00:00 UTC
	//
	// orders through default
	//     scenario  expected            status  rejected by (cause)                   confidence  verdict
	//   GET /orders
	//     unsigned  iam-authentication  403     iam-authentication (unsigned-to-iam)  certain     pass
	//
	// 1 pass, 0 fail, 0 inconclusive, 0 skipped; 1 of 1 gate proven; 1 request in 0.1 s
}
