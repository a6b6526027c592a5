// vcsim: a vSphere server that is not ours, for tests and benchmarks: govmomi's simulator with its
// machines in memory. `tests/peers/vcsim/build` makes it of Debian's package.
package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"github.com/vmware/govmomi/simulator"
)

func main() {
	address := flag.String("l", "127.0.0.1:0", "where to listen; port 0: any that is free")
	esx := flag.Bool("esx", false, "play a single ESXi host, not a vCenter")
	machines := flag.Int("machines", 2, "how many machines there are at each of the places for them")
	password := flag.String("password", "pass", "of the user `user`")
	certificate := flag.String("certificate", "", "PEM file of another certificate; with -key")
	key := flag.String("key", "", "PEM file of its key")
	keep := flag.String("keep", "", "folder for disks that are sent by a lease, which are thrown away otherwise")
	locks := flag.Bool("locks", false, "give no files of machines that run and have had a snapshot, as ESXi does it")
	pace := flag.Duration("pace", 0, "how long each 256 KiB of a snapshot's disk take")
	loud := flag.Bool("log", false, "say what is done")
	readFrom := flag.String("read", "", "be no server: read all machines of the one at this address, and say how long it took")
	flag.Parse()
	if *readFrom != "" {
		if err := read(*readFrom, *password); err != nil {
			fail(err)
		}
		return
	}
	if !*loud {
		log.SetOutput(nothing{})
	}

	model := simulator.VPX()
	if *esx {
		model = simulator.ESX()
	}
	model.Machine = *machines
	if err := model.Create(); err != nil {
		fail(err)
	}
	model.Service.Listen = &url.URL{Host: *address, User: url.UserPassword("user", *password)}
	model.Service.TLS = new(tls.Config)
	if *certificate != "" {
		pair, err := tls.LoadX509KeyPair(*certificate, *key)
		if err != nil {
			fail(err)
		}
		model.Service.TLS.Certificates = []tls.Certificate{pair}
	}
	server := model.Service.NewServer()
	running := newWarm(http.HandlerFunc(model.Service.ServeSDK), *locks, *pace)
	// The host's name in a pattern goes before the same without.
	mux := model.Service.ServeMux
	mux.Handle("127.0.0.1/sdk", running)
	mux.HandleFunc("127.0.0.1/folder/", running.folder(model.Service.ServeDatastore))
	mux.Handle("127.0.0.1/nfc/", keeper{*keep, running})
	fmt.Println(server.URL.Host) // whoever started us waits for this line

	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGINT, syscall.SIGTERM)
	<-end
	server.Close()
	model.Remove()
}

type nothing struct{}

func (nothing) Write(bytes []byte) (int, error) { return len(bytes), nil }

func fail(err error) {
	fmt.Fprintln(os.Stderr, "vcsim:", err)
	os.Exit(1)
}
