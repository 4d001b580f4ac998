/** The page of a value history. */
import { App } from './app';

new App(document.body).start();
