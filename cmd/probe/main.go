// Command probe checks that the authorization layers of APIs on Amazon API Gateway reject what they must reject.
package main

import (
	"context"
	"os"

	"apigwprobe/internal/cli"
)

func main() {
	os.Exit(int(cli.Run(context.Background(), os.Args[1:], cli.Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, LookupEnv: os.LookupEnv,
	})))
}
