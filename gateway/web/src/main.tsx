// The page at /. It starts here.
import { render } from 'preact';
import './styles/index.css';
import { start } from './state/start';
import { App } from './views/App';

start();
const root = document.getElementById('page');
if (root) render(<App />, root);
