package cli

import (
	"fmt"

	"apigwprobe/internal/config"
	"apigwprobe/internal/report"
	"apigwprobe/scenarios"

	"github.com/spf13/cobra"
)

func newSchemaCommand(s Streams) *cobra.Command {
	schemas := []string{"config", "result"}
	return &cobra.Command{
		Use:   "schema config|result",
		Short: "Print the JSON Schema of the configuration, or of results",
		Long: `Schema prints a JSON Schema (draft 2020-12), for editors and programs.

That of the configuration has every key, with what it is; what keys have to fulfil together, probe validate checks. A file
of a directory may lack what the schema demands of the whole.

That of results is the document of --format json; a line of jsonl is a "#/$defs/Result" of it. Fields may be added to it:
readers ignore those that they do not know.`,
		Example: `  probe schema config > probe.schema.json   # then "# yaml-language-server: $schema=probe.schema.json" in probe.yaml
  probe schema result`,
		Args:      arguments(1, 1, "schema"),
		ValidArgs: schemas,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch args[0] {
			case "config":
				return writeJSON(s.Out, config.JSONSchema(config.Options{Scenarios: scenarios.Names()}))
			case "result":
				_, err := s.Out.Write(report.ResultSchema)
				return err
			}
			hint := seeHelp(cmd)
			if near := nearest(schemas, args[0]); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			return hinted{fmt.Errorf("unknown schema %q", args[0]), hint}
		},
	}
}
