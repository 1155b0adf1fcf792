import { render } from 'preact'
import { App } from './app.js'
import { PageServer } from './server/page-server.js'
import 'uplot/dist/uPlot.min.css'
import './style/page.css'

const server = new PageServer()
void server.live.run()
render(<App server={server} />, document.body)
