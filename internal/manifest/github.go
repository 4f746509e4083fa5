package manifest

var githubAction = Kind{
	Name: "github-action", Help: "a workflow that probes each environment after its deployment", Environments: true,
	Write: jobs(githubText),
}

// The deployment's event is heeded, so that the job has no environment of its own: GitHub would take that for one more deployment.
const githubText = `# .github/workflows/<<.Unit>>.yml
# Probes <<.Environment>> after each deployment to it, and where another workflow or a person asks for it.
# Variables of the repository: PROBE_REPOSITORY is the repository (owner/name) that holds the prober, PROBE_REF the version.
<<- if .Region>>
# AWS_PROBE_ROLE is the ARN of a role that trusts GitHub's identity provider
<<- with .Roles>>, and may assume
#   <<list .>>
<<- end>>.
<<- end>>
<<- with .Profiles>>
# The configuration names profiles (<<list .>>), which a runner does not have: principals with role_arn need none.
<<- end>>
<<- with .Variables>>
# Secrets: <<list .>>. A workflow that calls this one passes them on with "secrets: inherit".
<<- end>>
name: <<yaml .Unit>>
on:
  deployment_status:
  workflow_call:
  workflow_dispatch:
permissions: {}
concurrency: <<yaml .Unit>>
jobs:
  probe:
    if: >-
      github.event_name != 'deployment_status' ||
      github.event.deployment_status.state == 'success' && github.event.deployment.environment == '<<.Environment>>'
    runs-on: ubuntu-latest
    timeout-minutes: <<.Minutes>>
    permissions:
      contents: read
<<- if .Region>>
      id-token: write # for the role
<<- end>>
      security-events: write # for the findings
    steps:
      - uses: actions/checkout@v5
        with:
          persist-credentials: false
      - uses: actions/checkout@v5
        with:
          repository: ${{ vars.PROBE_REPOSITORY }}
          ref: ${{ vars.PROBE_REF }}
          path: .probe
          persist-credentials: false
<<- if .Region>>
      - uses: aws-actions/configure-aws-credentials@v5
        with:
          role-to-assume: ${{ vars.AWS_PROBE_ROLE }}
          aws-region: <<yaml .Region>>
<<- end>>
      - id: probe
        uses: ./.probe/.github/actions/probe
        with:
          environment: <<yaml .Environment>>
          config: <<yaml .Config>>
          args: --after-deploy
<<- with .Variables>>
        env:
<<- range .>>
          <<yaml .>>: ${{ secrets.<<.>> }}
<<- end>>
<<- end>>
      - if: ${{ !cancelled() && steps.probe.outputs.sarif != '' }}
        uses: github/codeql-action/upload-sarif@v4
        with:
          sarif_file: ${{ steps.probe.outputs.sarif }}
          category: <<yaml .Unit>>
      - if: ${{ !cancelled() }}
        uses: actions/upload-artifact@v5
        with:
          name: <<yaml .Unit>>
          path: ${{ steps.probe.outputs.reports }}
`
