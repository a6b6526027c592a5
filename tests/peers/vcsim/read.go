package main

import (
	"context"
	"encoding/json"
	"net/url"
	"os"
	"time"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/view"
	"github.com/vmware/govmomi/vim25/mo"
)

// What our own first picture reads of machines.
var paths = []string{"name", "parent", "runtime", "config.uuid", "config.template", "config.firmware", "config.bootOptions",
	"config.guestId", "config.guestFullName", "config.hardware", "guest.hostName", "guest.net", "guest.toolsStatus",
	"snapshot", "summary.quickStats", "summary.storage"}

// read is the peer in benchmarks: govmomi's own client reads the same of all machines, and how long it took is printed.
func read(address, password string) error {
	ctx := context.Background()
	at := &url.URL{Scheme: "https", Host: address, Path: "/sdk", User: url.UserPassword("user", password)}
	start := time.Now()
	client, err := govmomi.NewClient(ctx, at, true)
	if err != nil {
		return err
	}
	all, err := view.NewManager(client.Client).CreateContainerView(ctx, client.ServiceContent.RootFolder,
		[]string{"VirtualMachine"}, true)
	if err != nil {
		return err
	}
	var machines []mo.VirtualMachine
	if err := all.Retrieve(ctx, []string{"VirtualMachine"}, paths, &machines); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]interface{}{
		"seconds": time.Since(start).Seconds(), "machines": len(machines)})
}
