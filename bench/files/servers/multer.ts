import express from 'express'
import multer from 'multer'
import { folder, serve } from '../serving.ts'

const upload = multer({ storage: multer.diskStorage({ destination: folder }) })

await serve(express().post('/', upload.single('source'), (_request, response) => void response.json({ ok: true })))
