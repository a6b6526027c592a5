package main

import (
	"io"
	"io/ioutil"
	"net/http"
	"os"
	"path"
	"path/filepath"

	"github.com/vmware/govmomi/simulator"
)

type keeper struct {
	folder  string // empty: nothing is kept
	running *warm
}

// ServeHTTP keeps what a lease gets, as LEASE-NAME and only once it is whole, and lets the simulator answer.
func (k keeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	lease := path.Base(path.Dir(r.URL.Path))
	if r.Method == http.MethodGet && k.running.send(w, lease) {
		return
	}
	if k.folder != "" && (r.Method == http.MethodPost || r.Method == http.MethodPut) {
		file := filepath.Join(k.folder, lease+"-"+path.Base(r.URL.Path))
		out, err := os.Create(file + ".part")
		if err == nil {
			_, err = io.Copy(out, r.Body)
			out.Close()
		}
		if err == nil {
			err = os.Rename(file+".part", file)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		r.Body = ioutil.NopCloser(http.NoBody)
	}
	simulator.ServeNFC(w, r)
}
