package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// What govmomi's simulator lacks of machines that are read while they run: guests that write, redo logs of their disks
// that snapshots begin, changed areas (QueryChangedDiskAreas), and disks of snapshots by a lease (ExportSnapshot). Calls
// for these are answered here, all others by the simulator. Written from the documents of vim25; disks are sent as
// qemu-img reads and writes them.
type warm struct {
	simulator http.Handler
	locks     bool          // files of machines that run are not given, as ESXi does it
	pace      time.Duration // of a snapshot's disk
	mutex     sync.Mutex
	disks     map[string][]*layer // by a machine's id
	exports   map[string]*export  // by a lease's id
}

type export struct {
	machine string
	path    string // of the snapshot's disk
	last    time.Time
}

const (
	block      = 64 << 10 // in which changes are told
	window     = 16 << 20 // of a disk that one answer is about
	leaseLimit = 10 * time.Second
)

func newWarm(simulator http.Handler, locks bool, pace time.Duration) *warm {
	w := &warm{simulator: simulator, locks: locks, pace: pace, disks: map[string][]*layer{}, exports: map[string]*export{}}
	go func() {
		for range time.Tick(10 * time.Millisecond) {
			w.mutex.Lock()
			for id, layers := range w.disks {
				if runs(id) {
					live(layers)
				}
			}
			w.mutex.Unlock()
		}
	}()
	return w
}

func machineOf(id string) *simulator.VirtualMachine {
	machine, _ := simulator.Map.Get(types.ManagedObjectReference{Type: "VirtualMachine", Value: id}).(*simulator.VirtualMachine)
	return machine
}

func runs(id string) bool {
	machine := machineOf(id)
	return machine != nil && machine.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn
}

// live is what a guest writes: 8 KiB somewhere, and a line that grows at the same place.
func live(layers []*layer) {
	flat, err := layers[0].file.Stat()
	if err != nil {
		fail(err)
	}
	content := make([]byte, 16*sector)
	rand.Read(content)
	top := layers[len(layers)-1]
	half := flat.Size() / sector / 2 // what it boots from stays
	if err := top.write(half+rand.Int63n(half-16), content); err != nil {
		fail(err)
	}
	line := make([]byte, sector)
	copy(line, time.Now().String())
	if err := top.write(99, line); err != nil {
		fail(err)
	}
}

// diskOf is the only disk of a machine, and where it is among its devices.
func diskOf(devices []types.BaseVirtualDevice) (int, *types.VirtualDisk, *types.VirtualDiskFlatVer2BackingInfo) {
	for i, device := range devices {
		if disk, ok := device.(*types.VirtualDisk); ok {
			return i, disk, disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
		}
	}
	return 0, nil, nil
}

var storePath = regexp.MustCompile(`^\[(.*?)\] (.*)$`)

func pathOf(file string) string {
	parts := storePath.FindStringSubmatch(file)
	store := simulator.Map.FindByName(parts[1], simulator.Map.Any("Datacenter").(*simulator.Datacenter).Datastore)
	return filepath.Join(store.(*simulator.Datastore).Info.GetDatastoreInfo().Url, parts[2])
}

// back gives a machine's disk another backing: what its snapshots have stays as it is.
func back(machine *simulator.VirtualMachine, change func(*types.VirtualDiskFlatVer2BackingInfo)) {
	devices := append([]types.BaseVirtualDevice{}, machine.Config.Hardware.Device...)
	at, disk, backing := diskOf(devices)
	newDisk, newBacking := *disk, *backing
	change(&newBacking)
	newDisk.Backing = &newBacking
	devices[at] = &newDisk
	simulator.Map.Update(machine, []types.PropertyChange{{Name: "config.hardware.device", Val: devices}})
}

// layersOf are those of a machine whose disk is flat; they are known once a snapshot was asked for.
func (w *warm) layersOf(machine *simulator.VirtualMachine) []*layer {
	id := machine.Self.Value
	if w.disks[id] == nil {
		_, disk, backing := diskOf(machine.Config.Hardware.Device)
		if disk == nil {
			return nil
		}
		flat, err := openFlat(pathOf(backing.FileName))
		if err != nil {
			return nil
		}
		w.disks[id] = []*layer{flat}
	}
	return w.disks[id]
}

func tracked(machine *simulator.VirtualMachine) bool {
	return machine.Config.ChangeTrackingEnabled != nil && *machine.Config.ChangeTrackingEnabled
}

func (w *warm) createSnapshot(machine *simulator.VirtualMachine, forward func()) {
	layers := w.layersOf(machine)
	if layers == nil {
		forward()
		return
	}
	back(machine, func(backing *types.VirtualDiskFlatVer2BackingInfo) {
		if backing.ChangeId = ""; tracked(machine) {
			backing.ChangeId = fmt.Sprintf("52 ab cd ef/%d", len(layers))
		}
	})
	forward()
	top := layers[len(layers)-1]
	flat, err := layers[0].file.Stat()
	if err != nil {
		fail(err)
	}
	stem := strings.TrimSuffix(layers[0].descriptor, ".vmdk")
	number := 1
	for ; ; number++ {
		if _, err := os.Stat(fmt.Sprintf("%s-%06d.vmdk", stem, number)); err != nil {
			break
		}
	}
	redo, err := newRedo(fmt.Sprintf("%s-%06d.vmdk", stem, number), top, flat.Size()/sector, machine.Snapshot.CurrentSnapshot.Value)
	if err != nil {
		fail(err)
	}
	w.disks[machine.Self.Value] = append(layers, redo)
	w.point(machine)
}

// point names the top layer as the machine's disk.
func (w *warm) point(machine *simulator.VirtualMachine) {
	layers := w.disks[machine.Self.Value]
	back(machine, func(backing *types.VirtualDiskFlatVer2BackingInfo) {
		folder := backing.FileName[:strings.LastIndex(backing.FileName, "/")+1]
		backing.FileName = folder + filepath.Base(layers[len(layers)-1].descriptor)
		backing.ChangeId = ""
	})
}

func (w *warm) removeSnapshot(machine *simulator.VirtualMachine, snapshot string, forward func()) {
	forward()
	layers := w.layersOf(machine)
	if layers == nil {
		return
	}
	flat, err := layers[0].file.Stat()
	if err != nil {
		fail(err)
	}
	for i := 1; i < len(layers); i++ {
		if layers[i].snapshot != snapshot {
			continue
		}
		if err := layers[i].give(layers[i-1]); err != nil {
			fail(err)
		}
		layers = append(layers[:i:i], layers[i+1:]...)
		if i < len(layers) {
			if err := layers[i].stand(layers[i-1], flat.Size()/sector); err != nil {
				fail(err)
			}
		}
	}
	w.disks[machine.Self.Value] = layers
	w.point(machine)
}

// busy says whether a lease has a machine's disks.
func (w *warm) busy(machine string) bool {
	for id, one := range w.exports {
		if time.Since(one.last) > leaseLimit {
			delete(w.exports, id)
		} else if one.machine == machine {
			return true
		}
	}
	return false
}

func (w *warm) exportSnapshot(machine *simulator.VirtualMachine, snapshot *simulator.VirtualMachineSnapshot) string {
	_, disk, backing := diskOf(snapshot.Config.Hardware.Device)
	yes := true
	lease := &simulator.HttpNfcLease{}
	lease.State = types.HttpNfcLeaseStateInitializing
	simulator.Map.Put(lease)
	lease.Info = &types.HttpNfcLeaseInfo{Lease: lease.Self, Entity: machine.Self, LeaseTimeout: int32(leaseLimit.Seconds()),
		DeviceUrl: []types.HttpNfcLeaseDeviceUrl{{
			Key: fmt.Sprintf("/%s/ParaVirtualSCSIController0:%d", machine.Self.Value, *disk.UnitNumber),
			Url: "https://*/nfc/" + lease.Self.Value + "/disk-0.vmdk", Disk: &yes, TargetId: "disk-0.vmdk"}}}
	w.exports[lease.Self.Value] = &export{machine.Self.Value, pathOf(backing.FileName), time.Now()}
	time.AfterFunc(200*time.Millisecond, func() {
		simulator.Map.Update(lease, []types.PropertyChange{{Name: "state", Val: types.HttpNfcLeaseStateReady}})
	})
	return `<returnval type="HttpNfcLease">` + lease.Self.Value + `</returnval>`
}

// changed are the areas of a window that these layers have.
func changed(layers []*layer, start, size int64) string {
	length := size - start
	if length > window {
		length = window
	}
	found := map[int64]bool{}
	for _, one := range layers {
		for at := range one.dirty {
			found[at*sector/block] = true
		}
	}
	text := fmt.Sprintf("<startOffset>%d</startOffset><length>%d</length>", start, length)
	for at := start / block; at*block < start+length; at++ {
		if found[at] {
			text += fmt.Sprintf("<changedArea><start>%d</start><length>%d</length></changedArea>", at*block, block)
		}
	}
	return "<returnval>" + text + "</returnval>"
}

func (w *warm) changedAreas(machine *simulator.VirtualMachine, request string) (string, string) {
	layers := w.layersOf(machine)
	if layers == nil || !tracked(machine) {
		return "", "FileFault"
	}
	first, end := 0, len(layers)
	id := element(request, "changeId")
	if number := strings.TrimPrefix(id, "52 ab cd ef/"); number != id {
		first, _ = strconv.Atoi(number)
	} else if id != "*" {
		return "", "FileFault"
	}
	if snapshot := element(request, "snapshot"); snapshot != "" {
		for i, one := range layers {
			if one.snapshot == snapshot {
				end = i
			}
		}
	} else if runs(machine.Self.Value) {
		return "", "FileFault" // a disk that is written has no areas
	}
	flat, err := layers[0].file.Stat()
	start, wrong := strconv.ParseInt(element(request, "startOffset"), 10, 64)
	if err != nil || wrong != nil || first > end || start < 0 || start >= flat.Size() {
		return "", "InvalidArgument"
	}
	return changed(layers[first:end], start, flat.Size()), ""
}

var call = regexp.MustCompile(`(?s)<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)`)

// element is the text of the first element of that name.
func element(request, name string) string {
	found := regexp.MustCompile(`<(?:\w+:)?` + name + `(?: [^>]*)?>([^<]*)<`).FindStringSubmatch(request)
	if found == nil {
		return ""
	}
	return found[1]
}

func answer(out http.ResponseWriter, method, inside, fault string) {
	out.Header().Set("Content-Type", "text/xml; charset=utf-8")
	body := fmt.Sprintf(`<%[1]sResponse xmlns="urn:vim25">%[2]s</%[1]sResponse>`, method, inside)
	if fault != "" {
		out.WriteHeader(http.StatusInternalServerError)
		body = fmt.Sprintf(`<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>%[1]s</faultstring>`+
			`<detail><%[1]sFault xmlns="urn:vim25" xsi:type="%[1]s"/></detail></soapenv:Fault>`, fault)
	}
	fmt.Fprintf(out, `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" `+
		`xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>%s</soapenv:Body></soapenv:Envelope>`, body)
}

// ServeHTTP answers a call of vim25.
func (w *warm) ServeHTTP(out http.ResponseWriter, in *http.Request) {
	body, err := io.ReadAll(in.Body)
	if err != nil {
		return
	}
	in.Body = io.NopCloser(bytes.NewReader(body))
	in.ContentLength = int64(len(body))
	request, method := string(body), ""
	if found := call.FindSubmatch(body); found != nil {
		method = string(found[1])
	}
	forward := func() { w.simulator.ServeHTTP(out, in) }
	self := element(request, "_this")
	machine := machineOf(self)
	snapshot, _ := simulator.Map.Get(types.ManagedObjectReference{Type: "VirtualMachineSnapshot", Value: self}).(*simulator.VirtualMachineSnapshot)
	if snapshot != nil {
		machine = machineOf(snapshot.Vm.Value)
	}
	switch method {
	case "CreateSnapshot_Task", "RemoveSnapshot_Task", "ExportSnapshot", "QueryChangedDiskAreas":
	case "HttpNfcLeaseProgress", "HttpNfcLeaseComplete", "HttpNfcLeaseAbort":
		if w.lease(self, method) {
			answer(out, method, "", "")
			return
		}
		forward()
		return
	default:
		forward()
		return
	}
	if machine == nil || in.Header.Get("Cookie") == "" {
		forward() // which finds what is wrong
		return
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if method != "QueryChangedDiskAreas" && w.busy(machine.Self.Value) {
		answer(out, method, "", "TaskInProgress")
		return
	}
	// What has been done is there before it is answered.
	recorded := httptest.NewRecorder()
	record := func() { w.simulator.ServeHTTP(recorded, in) }
	switch method {
	case "CreateSnapshot_Task":
		w.createSnapshot(machine, record)
	case "RemoveSnapshot_Task":
		w.removeSnapshot(machine, self, record)
	case "ExportSnapshot":
		answer(out, method, w.exportSnapshot(machine, snapshot), "")
		return
	case "QueryChangedDiskAreas":
		areas, fault := w.changedAreas(machine, request)
		answer(out, method, areas, fault)
		return
	}
	for name, values := range recorded.Header() {
		out.Header()[name] = values
	}
	out.WriteHeader(recorded.Code)
	out.Write(recorded.Body.Bytes())
}

// lease keeps one of an export, or ends it; false: it is none.
func (w *warm) lease(id, method string) bool {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	one := w.exports[id]
	if one == nil {
		return false
	}
	one.last = time.Now()
	if method != "HttpNfcLeaseProgress" {
		delete(w.exports, id)
	}
	return true
}

// send gives the disk of an export; false: it is none.
func (w *warm) send(out http.ResponseWriter, id string) bool {
	w.mutex.Lock()
	one := w.exports[id]
	w.mutex.Unlock()
	if one == nil {
		return false
	}
	file := one.path + ".sent-" + id
	defer os.Remove(file)
	said, err := exec.Command("qemu-img", "convert", "-f", "vmdk", "-O", "vmdk", "-o", "subformat=streamOptimized", "-U", one.path, file).CombinedOutput()
	if err != nil {
		http.Error(out, string(said), http.StatusInternalServerError)
		return true
	}
	disk, err := os.Open(file)
	if err != nil {
		fail(err)
	}
	defer disk.Close()
	out.Header().Set("Content-Type", "application/x-vnd.vmware-streamVmdk")
	for {
		if _, err := io.CopyN(out, disk, 256<<10); err != nil {
			return true
		}
		time.Sleep(w.pace)
	}
}

// folder gives files of datastores, but none of a machine that runs where that is so.
func (w *warm) folder(give http.HandlerFunc) http.HandlerFunc {
	return func(out http.ResponseWriter, in *http.Request) {
		folder := filepath.Base(filepath.Dir(in.URL.Path))
		w.mutex.Lock()
		locked := false
		for id, layers := range w.disks {
			locked = locked || (w.locks && runs(id) && filepath.Base(filepath.Dir(layers[0].descriptor)) == folder)
		}
		w.mutex.Unlock()
		if locked {
			http.Error(out, "it is locked", http.StatusInternalServerError)
			return
		}
		give(out, in)
	}
}
