import { busConformance } from '../conformance.fixture.ts'

busConformance('memory', { skip: false, open: () => 'memory:', isShared: false })
