package cli

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"apigwprobe/internal/logging"
	"apigwprobe/probe"

	"github.com/spf13/cobra"
)

type logsFormatOptions struct {
	streams Streams
	of      []string // a type, or an environment and an API
	config  string
	explain string
}

// formatKept is as much of a format as is read: many times what API Gateway takes.
const formatKept = 64 << 10

func newLogsFormatCommand(s Streams) *cobra.Command {
	o := &logsFormatOptions{streams: s}
	cmd := &cobra.Command{
		Use:   "format REST|HTTP|WEBSOCKET | ENV API",
		Short: "Print an access-log format with every variable that tells layers apart, or explain one",
		Long: `Format prints the format of an access log for APIs of a type, or of the type that an API has in the configuration: JSON on one
line, with each variable that tells the phases of a request apart, and no credential. Its keys bear the names of their
variables, so that probe explain reads the entries without being told the format.

With --explain it reads a format instead and says what each key holds, which keys bear the name of another variable than
they hold, and what is missing to tell layers apart.

Exit codes: 0 it was printed, or what was read suffices; 1 what was read is wrong or lacks something; 2 usage or
configuration is wrong.`,
		Example: `  probe logs format REST
  probe logs format prod orders
  aws apigateway get-stage --rest-api-id a1b2c3d4e5 --stage-name prod --query accessLogSettings.format --output text |
    probe logs format REST --explain -`,
		Args: arguments(1, 2, "type or environment"),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			names, directive := completeAPI(&o.config)(cmd, args, word)
			if len(args) == 0 {
				names = slices.Concat(apiTypes(), names)
			}
			return names, directive
		},
		RunE: func(_ *cobra.Command, args []string) error {
			o.of = args
			return logsFormat(o)
		},
	}
	addConfig(cmd, &o.config)
	cmd.Flags().StringVar(&o.explain, "explain", "", "explain the format in this file; - is standard input")
	return cmd
}

func apiTypes() []string {
	return []string{string(probe.REST), string(probe.HTTP), string(probe.WebSocket)}
}

func logsFormat(o *logsFormatOptions) error {
	kind, err := o.apiType()
	if err != nil {
		return err
	}
	if o.explain == "" {
		_, err := fmt.Fprintln(o.streams.Out, logging.Format(kind))
		return err
	}
	text, err := o.read()
	if err != nil {
		return err
	}
	e := logging.Explain(kind, text)
	if err := e.WriteText(o.streams.Out); err != nil {
		return err
	}
	if !e.Sufficient() {
		return outcome(ExitFail)
	}
	return nil
}

func (o *logsFormatOptions) apiType() (probe.APIType, error) {
	if len(o.of) == 1 {
		kind := strings.ToUpper(o.of[0])
		if !slices.Contains(apiTypes(), kind) {
			return "", hinted{fmt.Errorf("got %q alone, want REST, HTTP or WEBSOCKET, or an environment and an API", o.of[0]), "see probe logs format --help"}
		}
		return probe.APIType(kind), nil
	}
	env, err := openEnvironment(o.config, o.of[0], nil)
	if err != nil {
		return "", err
	}
	defer env.close()
	api, err := env.api(o.of[1])
	return api.Type, err
}

func (o *logsFormatOptions) read() (string, error) {
	in := o.streams.In
	if o.explain != "-" {
		f, err := os.Open(o.explain)
		if err != nil {
			return "", fmt.Errorf("reading %q: %w", o.explain, withoutPath(err))
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, formatKept))
	if err != nil {
		return "", fmt.Errorf("reading %q: %w", o.explain, withoutPath(err))
	}
	if strings.TrimSpace(string(text)) == "" {
		return "", fmt.Errorf("reading %q: got nothing, want a format", o.explain)
	}
	return string(text), nil
}
