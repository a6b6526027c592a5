"""What the models of other people's servers share: a certificate of their own, and orders that come as lines."""
import argparse
import subprocess
import tempfile
from pathlib import Path


def new_certificate(folder, address, name):
    """A file with a key and a certificate for the address, which nobody has signed but the key."""
    key, certificate = Path(folder, 'key.pem'), Path(folder, 'certificate.pem')
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30', '-subj',
                    '/CN=' + name, '-addext', f'subjectAltName=IP:{address}', '-keyout', key, '-out', certificate], check=True, capture_output=True)
    both = Path(folder, 'both.pem')
    both.write_text(key.read_text() + certificate.read_text())
    return both


def run(make_model, lines):
    """Makes a model of (options, folder), says where it is, and does what the lines say: each names a method, then its parameters, with
    tabs between them. It is answered with `ok`, or with what was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--address', default='127.0.0.1:0')
    parser.add_argument('--machines', type=int, default=2)
    parser.add_argument('--password', default='pass')
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix='model-') as folder:
        model = make_model(options, folder)
        print('%s:%d' % model.place[:2], flush=True)
        for line in lines:
            word, *words = line.rstrip('\n').split('\t')
            answer = getattr(model, word.replace('-', '_'))(*words)
            print(answer or 'ok', flush=True)
