package manifest

var gitlab = Kind{
	Name: "gitlab", Help: "a job that probes each environment at the end of a pipeline", Environments: true,
	Write: jobs(gitlabText),
}

const gitlabText = `# .gitlab/<<.Unit>>.yml; name it under "include:" of .gitlab-ci.yml
# Variables of the project: PROBE_REPOSITORY is the URL of the repository that holds the prober, PROBE_REF the version.
<<- if .Region>>
# AWS_PROBE_ROLE is the ARN of a role that trusts this GitLab's identity provider (audience: the URL of this GitLab)
<<- with .Roles>>, and may assume
#   <<list .>>
<<- end>>.
<<- end>>
<<- with .Profiles>>
# The configuration names profiles (<<list .>>), which a runner does not have: principals with role_arn need none.
<<- end>>
<<- with .Variables>>
# Masked: <<list .>>.
<<- end>>
<<yaml .Unit>>:
  stage: .post # after every deployment of the pipeline
  image: golang:1.26
  timeout: <<.Minutes>> minutes
  resource_group: <<yaml .Unit>> # one at a time
  environment:
    name: <<yaml .Environment>>
    action: verify
  rules:
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
  variables:
    PROBE_ENVIRONMENT:
      value: <<yaml .Environment>>
      expand: false
    PROBE_CONFIG:
      value: <<yaml .Config>>
      expand: false
<<- if .Region>>
    AWS_REGION: <<yaml .Region>>
  id_tokens:
    PROBE_ID_TOKEN:
      aud: $CI_SERVER_URL
<<- end>>
  script:
    - git clone --quiet --depth 1 --branch "$PROBE_REF" "$PROBE_REPOSITORY" "$CI_PROJECT_DIR/.probe"
    - go build -C "$CI_PROJECT_DIR/.probe" -o bin/probe ./cmd/probe
<<- if .Region>>
    - (umask 077; printf %s "$PROBE_ID_TOKEN" >"$CI_PROJECT_DIR/.probe/id-token")
    - export AWS_WEB_IDENTITY_TOKEN_FILE="$CI_PROJECT_DIR/.probe/id-token" AWS_ROLE_ARN="$AWS_PROBE_ROLE"
<<- end>>
    - mkdir -p probe-reports
    - >-
      .probe/bin/probe run "$PROBE_ENVIRONMENT" --config "$PROBE_CONFIG" --after-deploy --label commit="$CI_COMMIT_SHA"
      --report junit=probe-reports/junit.xml --report html=probe-reports/report.html --report json=probe-reports/result.json
  artifacts:
    when: always
    name: <<yaml .Unit>>
    paths: [probe-reports/]
    reports:
      junit: probe-reports/junit.xml
    expire_in: 30 days
`
