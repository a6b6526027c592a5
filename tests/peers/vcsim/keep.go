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

type keeper string

// ServeHTTP keeps what a lease gets, as LEASE-NAME and only once it is whole, and lets the simulator answer.
func (folder keeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost || r.Method == http.MethodPut {
		lease := path.Base(path.Dir(r.URL.Path))
		file := filepath.Join(string(folder), lease+"-"+path.Base(r.URL.Path))
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
