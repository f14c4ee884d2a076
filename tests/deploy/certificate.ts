import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Why no certificate can be made; null if one can. */
export const missingOpenssl: string | null =
  spawnSync('openssl', ['version'], { stdio: 'ignore' }).status === 0 ? null : 'openssl is not installed'

export interface Certificate {
  readonly certFile: string
  readonly keyFile: string
  /** Both in one file, as HAProxy wants it. */
  readonly bothFile: string
  readonly cert: string
  readonly key: string
}

/** A certificate for localhost that is its own authority, in a folder. */
export function makeCertificate(folder: string): Certificate {
  const [certFile, keyFile, bothFile] = ['cert.pem', 'key.pem', 'both.pem'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  execFileSync(
    'openssl',
    ['req', '-x509', ...curve, '-nodes', '-days', '1', ...subject, '-keyout', keyFile, '-out', certFile],
    { stdio: 'ignore' },
  )
  const [cert, key] = [readFileSync(certFile, 'utf8'), readFileSync(keyFile, 'utf8')]
  writeFileSync(bothFile, cert + key)
  return { certFile, keyFile, bothFile, cert, key }
}
