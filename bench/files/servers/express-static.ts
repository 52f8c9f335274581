import express from 'express'
import { folder, serve } from '../serving.ts'

await serve(express().use(express.static(folder)))
