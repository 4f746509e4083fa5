package cli_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// memory is a network of one server inside the process: no socket, and everything else as it is over TCP, so that TLS,
// HTTP/2 and handshakes of WebSockets are the real ones.
type memory struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
	ports  atomic.Int32
}

var _ net.Listener = (*memory)(nil)

func newMemory() *memory { return &memory{conns: make(chan net.Conn), closed: make(chan struct{})} }

// Dial connects to the server, whatever the address.
func (m *memory) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1024 + int(m.ports.Add(1))}
	there, back := newFlow(), newFlow()
	select {
	case m.conns <- &memoryConn{in: there, out: back, local: m.Addr(), remote: client}:
		return &memoryConn{in: back, out: there, local: client, remote: m.Addr()}, nil
	case <-m.closed:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: m.Addr(), Err: syscall.ECONNREFUSED}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (m *memory) Accept() (net.Conn, error) {
	select {
	case conn := <-m.conns:
		return conn, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

func (m *memory) Close() error {
	m.once.Do(func() { close(m.closed) })
	return nil
}

func (m *memory) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443} }

// memoryConn is one end of a connection, with the addresses that TCP would give it. Unlike [net.Pipe] it takes what is
// written whether or not somebody reads.
type memoryConn struct {
	in, out       *flow
	local, remote net.Addr
}

func (c *memoryConn) Read(p []byte) (int, error)         { return c.in.read(p) }
func (c *memoryConn) Write(p []byte) (int, error)        { return c.out.write(p) }
func (c *memoryConn) Close() error                       { c.in.abandon(); c.out.end(); return nil }
func (c *memoryConn) LocalAddr() net.Addr                { return c.local }
func (c *memoryConn) RemoteAddr() net.Addr               { return c.remote }
func (c *memoryConn) SetDeadline(t time.Time) error      { return c.SetReadDeadline(t) }
func (c *memoryConn) SetReadDeadline(t time.Time) error  { c.in.until(t); return nil }
func (c *memoryConn) SetWriteDeadline(_ time.Time) error { return nil } // nothing waits there

// flow is one direction of a connection.
type flow struct {
	mu               sync.Mutex
	changed          *sync.Cond
	kept             bytes.Buffer
	ended, abandoned bool // by who writes, by who reads
	deadline         time.Time
	timer            *time.Timer
}

func newFlow() *flow {
	f := &flow{}
	f.changed = sync.NewCond(&f.mu)
	return f
}

func (f *flow) read(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		switch {
		case f.abandoned:
			return 0, net.ErrClosed
		case !f.deadline.IsZero() && !time.Now().Before(f.deadline):
			return 0, os.ErrDeadlineExceeded
		case f.kept.Len() > 0 || len(p) == 0:
			return f.kept.Read(p)
		case f.ended:
			return 0, io.EOF
		}
		f.changed.Wait()
	}
}

func (f *flow) write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.ended:
		return 0, net.ErrClosed
	case f.abandoned:
		return 0, syscall.EPIPE
	}
	f.changed.Broadcast()
	return f.kept.Write(p)
}

func (f *flow) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	f.changed.Broadcast()
}

func (f *flow) abandon() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.abandoned = true
	if f.timer != nil {
		f.timer.Stop()
	}
	f.changed.Broadcast()
}

func (f *flow) until(t time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.deadline = t
	if f.timer != nil {
		f.timer.Stop()
	}
	if !t.IsZero() {
		f.timer = time.AfterFunc(time.Until(t), f.changed.Broadcast)
	}
	f.changed.Broadcast()
}
