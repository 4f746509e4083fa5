//go:build !unix

package secrets

import "os/exec"

// killGroup does nothing where there are no process groups: the end of cmd's context kills cmd alone.
func killGroup(*exec.Cmd) {}
