package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

const (
	sector    = 512
	perTable  = 4096 // of grains, which are one sector each, as those of ESXi's redo logs are
	tableSize = perTable * 4
)

// layer is a file of a disk: the flat one, or a redo log (vmfsSparse) on the one before. Which sectors it got is known.
type layer struct {
	descriptor string // its path
	file       *os.File
	dirty      map[int64]bool
	snapshot   string // that began it; empty: the flat one
	tables     []uint32
	grains     map[int64]int64 // where each sector is in a redo log
	end        int64
}

var cidLine = regexp.MustCompile(`(?m)^CID=([0-9a-f]{8})`)

func cidOf(descriptor string) string {
	text, err := os.ReadFile(descriptor)
	if err != nil {
		fail(err)
	}
	return cidLine.FindStringSubmatch(string(text))[1]
}

// openFlat fails for the disks of machines that the simulator began with: these have no bytes.
func openFlat(descriptor string) (*layer, error) {
	if text, err := os.ReadFile(descriptor); err != nil || cidLine.Find(text) == nil {
		return nil, fmt.Errorf("%s is no descriptor", descriptor)
	}
	name := descriptor[:len(descriptor)-len(".vmdk")] + "-flat.vmdk"
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	return &layer{descriptor: descriptor, file: file, dirty: map[int64]bool{}}, err
}

// stand writes the descriptor of a redo log, which lies on another layer.
func (l *layer) stand(on *layer, sectors int64) error {
	text := fmt.Sprintf("# Disk DescriptorFile\nversion=1\nCID=%08x\nparentCID=%s\ncreateType=\"vmfsSparse\"\n"+
		"parentFileNameHint=\"%s\"\nRW %d VMFSSPARSE \"%s\"\n", os.Getpid(), cidOf(on.descriptor),
		filepath.Base(on.descriptor), sectors, filepath.Base(l.file.Name()))
	return os.WriteFile(l.descriptor, []byte(text), 0600)
}

func newRedo(descriptor string, on *layer, sectors int64, snapshot string) (*layer, error) {
	file, err := os.Create(descriptor[:len(descriptor)-len(".vmdk")] + "-delta.vmdk")
	if err != nil {
		return nil, err
	}
	tables := (sectors + perTable - 1) / perTable
	l := &layer{descriptor: descriptor, file: file, dirty: map[int64]bool{}, snapshot: snapshot,
		tables: make([]uint32, tables), grains: map[int64]int64{}, end: 4*sector + (tables*4+sector-1)/sector*sector}
	head := make([]byte, l.end)
	copy(head, "COWD")
	for i, value := range []uint32{1, 3, uint32(sectors), 1, 4, uint32(tables), uint32(l.end / sector)} {
		binary.LittleEndian.PutUint32(head[4+4*i:], value)
	}
	if _, err = file.WriteAt(head, 0); err == nil {
		err = l.stand(on, sectors)
	}
	return l, err
}

// place is where a sector of the disk is in the file; room is made for it in a redo log.
func (l *layer) place(at int64) (int64, error) {
	if l.grains == nil {
		return at * sector, nil
	}
	if offset, known := l.grains[at]; known {
		return offset, nil
	}
	entry := make([]byte, 4)
	if table := at / perTable; l.tables[table] == 0 {
		l.tables[table] = uint32(l.end / sector)
		if _, err := l.file.WriteAt(make([]byte, tableSize), l.end); err != nil {
			return 0, err
		}
		l.end += tableSize
		binary.LittleEndian.PutUint32(entry, l.tables[table])
		if _, err := l.file.WriteAt(entry, 4*sector+4*table); err != nil {
			return 0, err
		}
	}
	l.grains[at] = l.end
	l.end += sector
	binary.LittleEndian.PutUint32(entry, uint32(l.grains[at]/sector))
	_, err := l.file.WriteAt(entry, int64(l.tables[at/perTable])*sector+at%perTable*4)
	return l.grains[at], err
}

func (l *layer) write(at int64, bytes []byte) error {
	for ; len(bytes) > 0; at, bytes = at+1, bytes[sector:] {
		offset, err := l.place(at)
		if err == nil {
			_, err = l.file.WriteAt(bytes[:sector], offset)
		}
		if err != nil {
			return err
		}
		l.dirty[at] = true
	}
	return nil
}

// give puts what a redo log has into the layer under it, and removes its files.
func (l *layer) give(below *layer) error {
	bytes := make([]byte, sector)
	for at, offset := range l.grains {
		if _, err := l.file.ReadAt(bytes, offset); err != nil {
			return err
		}
		if err := below.write(at, bytes); err != nil {
			return err
		}
	}
	if err := l.file.Close(); err != nil {
		return err
	}
	if err := os.Remove(l.file.Name()); err != nil {
		return err
	}
	return os.Remove(l.descriptor)
}
