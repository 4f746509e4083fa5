//go:build unix

package secrets

import (
	"os/exec"
	"syscall"
)

// killGroup makes the end of cmd's context kill the processes that cmd has started, too.
func killGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
