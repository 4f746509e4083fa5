package cli

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"apigwprobe/internal/capture"
	"apigwprobe/internal/report"
	"apigwprobe/probe"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

type explainOptions struct {
	streams Streams
	files   []string
	format  choice
	log     logFormat
}

// logFormat is the value of --log-format.
type logFormat struct {
	text string
	capture.LogFormat
}

var _ pflag.Value = (*logFormat)(nil)

func (f *logFormat) String() string { return f.text }
func (f *logFormat) Type() string   { return "string" }

func (f *logFormat) Set(text string) (err error) {
	f.text = text
	f.LogFormat, err = capture.ParseLogFormat(text)
	return err
}

const textFormat = "text"

func newExplainCommand(s Streams) *cobra.Command {
	o := &explainOptions{streams: s, format: newChoice(textFormat, jsonFormat)}
	cmd := &cobra.Command{
		Use:   "explain FILE...",
		Short: "Say which layer gave the answers that somebody recorded; send nothing",
		Long: `Explain reads recorded answers and says of each which layer gave it, how sure that is, and why. FILE is - for standard
input. The format is found by the content: HAR, a transcript of curl -i or curl -v, JSON lines of recorded answers, an
access log in JSON, or in any form that --log-format tells, or the text of an execution log.

The keys of an access log are free names: --log-format is the format of the stage's log and says which $context variable
each key holds. Without it a key is read only if it bears the name of its variable.

Nobody sent controls beside them, so less can be proven than by a run: only an answer that names its layer by itself, or a
log that does, is certain. A log supports the answer that bears its request id. Requests to one host, with method and path, support each other; at most ` + count(explainedAtOnce, "entry") + ` at a time, so that
memory does not grow with the input. Secrets in the input are not shown.`,
		Example: `  curl -i https://api.example.com/orders | probe explain -
  probe explain recorded.har access.log
  aws logs tail API-Gateway-Execution-Logs_a1b2c3d4e5/prod | probe explain -
  probe explain access.log --log-format '{"id":"$context.requestId","type":"$context.error.responseType"}'
  probe explain --format json transcript.txt`,
		Args: arguments(1, math.MaxInt, "file"),
		RunE: func(_ *cobra.Command, args []string) error {
			o.files = args
			return explain(o)
		},
	}
	addChoice(cmd, &o.format, "format", "how to show it")
	cmd.Flags().Var(&o.log, "log-format", "the format of the stage's access log")
	return cmd
}

// explainedAtOnce is how many entries support each other as siblings.
const explainedAtOnce = 1000

func explain(o *explainOptions) error {
	w := o.streams.Out
	out := report.NewExplanations(w, o.format.value == jsonFormat, report.Options{Color: o.streams.color(w), Width: o.streams.width(w)})
	var batch []probe.Transcript
	flush := func() error {
		for _, x := range probe.Explain(batch) {
			if err := out.Write(x); err != nil {
				return err
			}
		}
		batch = batch[:0]
		return nil
	}
	read := func(name string) error {
		in, name, err := o.open(name)
		if err != nil {
			return err
		}
		defer in.Close()
		for t, err := range capture.Read(in, name, o.log.LogFormat) {
			if err != nil {
				return err
			}
			if batch = append(batch, t); len(batch) == explainedAtOnce {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		return nil
	}
	var wrong error
	for _, name := range o.files {
		if wrong = read(name); wrong != nil {
			break
		}
	}
	// What was read before a mistake is explained all the same.
	return errors.Join(flush(), out.Close(), wrong)
}

// open opens a file; "-" is standard input.
func (o *explainOptions) open(name string) (io.ReadCloser, string, error) {
	if name == "-" {
		return io.NopCloser(o.streams.In), "stdin", nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, "", fmt.Errorf("reading %q: %w", name, withoutPath(err))
	}
	return f, name, nil
}
