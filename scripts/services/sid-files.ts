import { join } from 'node:path'
import type { SidRecipe } from './sid.ts'
import { runTool } from './sid-packages.ts'

/** Two servers of S3: moto, which does what S3 does, and radosgw, which checks signatures as S3 does. */
export const fileTree: SidRecipe = {
  packages: ['python3-moto', 'python3-flask-cors', 'radosgw'],
  programs: ['usr/bin/python3', 'usr/bin/radosgw', 'usr/bin/radosgw-admin'],
  wanted: ['./usr/lib', './usr/lib64', './usr/bin/python3*', './usr/bin/radosgw', './usr/bin/radosgw-admin'],
  libraries: ['usr/lib/TRIPLET/ceph'],
  environment: { PYTHONHOME: '$root/usr', PYTHONPATH: '$root/usr/lib/python3/dist-packages' },
  /** Who runs the server may not write here, and to read sources anew at each start takes seconds. */
  finish(folder) {
    runTool(join(folder, 'usr/bin/python3'), ['-m', 'compileall', '-q', join(folder, 'usr/lib/python3')])
  },
  size: 110,
}
