// All scenarios, by what they show.
import type { Stage } from '../stage';
import { motion } from './motion';

export const scenarios: Readonly<Record<string, (stage: Stage) => Promise<void>>> = { ...motion };
