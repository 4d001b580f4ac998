// All scenarios, by what they show.
import type { Stage } from '../stage';
import { history } from './history';
import { motion } from './motion';
import { starting } from './starting';

export const scenarios: Readonly<Record<string, (stage: Stage) => Promise<void>>> = { ...motion, ...history, ...starting };
