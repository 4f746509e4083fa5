package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"apigwprobe/probe"
)

var junitFormat = Format{
	Name: "junit",
	Help: "JUnit XML, one suite an API, for CI systems; inconclusive is an error, accepted is skipped",
	New:  newJUnit,
}

// The elements that Jenkins, GitLab and others read; the schema is among the test data.
type (
	junitSuites struct {
		XMLName xml.Name `xml:"testsuites"`
		Name    string   `xml:"name,attr"`
		Time    string   `xml:"time,attr"`
		junitCounts
		Suites []junitSuite `xml:"testsuite"`
	}
	junitCounts struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
	}
	junitSuite struct {
		Name      string `xml:"name,attr"`
		Timestamp string `xml:"timestamp,attr"`
		Time      string `xml:"time,attr"`
		junitCounts
		Skipped    int             `xml:"skipped,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
		Out        *junitText      `xml:"system-out"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class   string       `xml:"classname,attr"`
		Name    string       `xml:"name,attr"`
		Time    string       `xml:"time,attr"`
		Skipped *junitDetail `xml:"skipped"`
		Error   *junitDetail `xml:"error"`
		Failure *junitDetail `xml:"failure"`
		Tries   []junitTry
		Out     *junitText `xml:"system-out"`
	}
	// junitTry is an attempt before the last. Its name is flakyFailure or flakyError where the case passed in the end,
	// rerunFailure or rerunError where it did not.
	junitTry struct {
		XMLName xml.Name
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
	}
	junitDetail struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",cdata"`
	}
	junitText struct {
		Text string `xml:",cdata"`
	}
)

func newJUnit(w io.Writer, _ Options) Sink {
	return func(e probe.Event) error {
		finished, ok := e.(probe.RunFinished)
		if !ok {
			return nil
		}
		text, err := xml.MarshalIndent(junitOf(finished.Report), "", "  ")
		if err != nil {
			return fmt.Errorf("encoding report: %w", err)
		}
		_, err = io.WriteString(w, xml.Header+string(text)+"\n")
		return err
	}
}

func junitOf(rep probe.Report) junitSuites {
	all := junitSuites{Name: visible("probe " + rep.Run.Environment), Time: seconds(float64(rep.Run.DurationMS))}
	for _, results := range collect(rep.Results, func(res probe.Result) string { return res.API }) {
		all.add(junitAPI(results, rep))
	}
	if troubles := runTroubles(rep); len(troubles) > 0 {
		suite := junitSuite{Name: "the run", Properties: junitProperties(rep.Run), Time: "0.000"}
		for _, trouble := range troubles {
			suite.add(junitCase{
				Class: "run", Name: trouble.kind, Time: "0.000", Error: &junitDetail{Type: trouble.kind, Message: trouble.text},
			})
		}
		suite.Timestamp = timestamp(rep.Run)
		all.add(suite)
	}
	return all
}

func (all *junitSuites) add(s junitSuite) {
	all.Tests += s.Tests
	all.Failures += s.Failures
	all.Errors += s.Errors
	all.Suites = append(all.Suites, s)
}

func junitAPI(results []probe.Result, rep probe.Report) junitSuite {
	suite := junitSuite{Name: visible(results[0].API), Timestamp: timestamp(rep.Run), Properties: junitProperties(rep.Run)}
	total, findings := 0.0, ""
	for _, res := range results {
		suite.add(junitCaseOf(res, rep.Extra))
		total += took(res)
	}
	suite.Time = seconds(total)
	for _, f := range rep.Findings {
		if f.API == "" || f.API == results[0].API {
			findings += visible("finding "+f.Kind+": "+f.Text) + "\n"
		}
	}
	for _, note := range rep.Run.Notes {
		findings += visible("note: "+note) + "\n"
	}
	if findings != "" {
		suite.Out = &junitText{findings}
	}
	return suite
}

func (s *junitSuite) add(c junitCase) {
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
	s.Cases = append(s.Cases, c)
}

func junitCaseOf(res probe.Result, extra []probe.Result) junitCase {
	c := junitCase{
		Class: visible(res.API + "." + res.Route), Name: visible(res.Scenario + " through " + accessWords(res.AccessID)),
		Time: seconds(took(res)),
	}
	detail := &junitDetail{Type: visible(string(res.Kind)), Message: visible(res.Reason), Text: "\n" + visibleLines(factsOf(res, extra))}
	switch {
	case res.Accepted != nil:
		c.Skipped = &junitDetail{Type: "accepted", Message: visible(fmt.Sprintf("accepted, does not count: %s %s: %s", res.Verdict, res.Kind, res.Reason))}
		c.Out = &junitText{detail.Text}
	case res.Verdict == probe.Fail:
		c.Failure = detail
	case res.Verdict == probe.Inconclusive:
		c.Error = detail
	case res.Verdict == probe.Skipped:
		c.Skipped = &junitDetail{Type: "skipped", Message: visible(res.Reason)}
	default:
		c.Out = &junitText{detail.Text}
	}
	for _, try := range res.Tries {
		if try.Verdict != probe.Fail && try.Verdict != probe.Inconclusive {
			continue // a control that is asked again beside others
		}
		c.Tries = append(c.Tries, junitTryOf(try, res.Verdict))
	}
	return c
}

func junitTryOf(try probe.Try, last probe.Verdict) junitTry {
	name := "rerun"
	if last == probe.Pass {
		name = "flaky"
	}
	if try.Verdict == probe.Fail {
		name += "Failure"
	} else {
		name += "Error"
	}
	return junitTry{XMLName: xml.Name{Local: name}, Type: visible(string(try.Kind)), Message: visible(tryWords(try))}
}

// junitProperties identify a run.
func junitProperties(run probe.RunInfo) []junitProperty {
	out := []junitProperty{
		{"environment", visible(run.Environment)}, {"run", visible(run.ID)},
		{"probe_version", visible(run.ProbeVersion)}, {"config_sha256", visible(run.ConfigSHA256)},
	}
	for _, word := range run.LabelWords() {
		name, value, _ := strings.Cut(word, "=")
		out = append(out, junitProperty{visible("label." + name), visible(value)})
	}
	return out
}

// timestamp is when a run began, in the form of the schemas that there are for JUnit: without a zone, here in UTC.
func timestamp(run probe.RunInfo) string { return run.Started.UTC().Format("2006-01-02T15:04:05") }

// took is how long a result's own request took, in milliseconds.
func took(res probe.Result) float64 {
	if res.Observed == nil {
		return 0
	}
	return res.Observed.Timings.Total
}

func seconds(ms float64) string { return fmt.Sprintf("%.3f", ms/1000) }
