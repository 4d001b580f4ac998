/** The page of the Timeline view. */
import { App } from './app';

new App(document.body).start();
