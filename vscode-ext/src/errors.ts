/**
 * What can be wrong before or at the start of a session: what is said of it, and what
 * the user is offered to do. Pure; `problems.ts` shows it.
 */

import * as path from 'node:path';

/** What a button of a message does. */
export type Action =
  | 'chooseProgram'
  | 'chooseRecording'
  | 'openAsRecording'
  | 'openAsProgram'
  | 'makeExecutable'
  | 'useSysroot'
  | 'openLaunchJson'
  | 'openSettings'
  | 'howToBuild'
  | 'howToCompile'
  | 'trustWorkspace'
  | 'showLog';

/** The texts of the buttons. */
export const actionTitles: Readonly<Record<Action, string>> = {
  chooseProgram: 'Choose Program…',
  chooseRecording: 'Choose Recording…',
  openAsRecording: 'Open as Recording',
  openAsProgram: 'Debug as Program',
  makeExecutable: 'Make Executable',
  useSysroot: 'Use Sysroot',
  openLaunchJson: 'Open launch.json',
  openSettings: 'Open Settings',
  howToBuild: 'How to Build It',
  howToCompile: 'How to Compile',
  trustWorkspace: 'Manage Workspace Trust',
  showLog: 'Show Log',
};

/** What is wrong. */
export type Problem =
  | { kind: 'binarySettingMissing'; file: string }
  | { kind: 'binarySettingNotExecutable'; file: string }
  | { kind: 'binaryNotBundled'; platform: string; arch: string }
  | { kind: 'binaryForeign'; file: string; what: string; platform: string; arch: string }
  | { kind: 'nothingToDebug'; language: string | undefined; hasFolder: boolean }
  | { kind: 'programMissing'; file: string }
  | { kind: 'programIsDirectory'; file: string }
  | { kind: 'programNotExecutable'; file: string }
  | { kind: 'programForeign'; file: string; what: string }
  | { kind: 'programUnfitting'; file: string; what: string }
  | { kind: 'programIsSource'; file: string; language: string }
  | { kind: 'programIsRecording'; file: string }
  | { kind: 'loaderMissing'; file: string; arch: string; loader: string; sysroot: string | undefined }
  | { kind: 'recordingMissing'; file: string }
  | { kind: 'recordingDamaged'; file: string }
  | { kind: 'recordingIsProgram'; file: string }
  | { kind: 'directoryMissing'; argument: 'cwd' | 'sysroot'; file: string }
  | { kind: 'stdinMissing'; file: string }
  | { kind: 'exclusive'; one: string; other: string; why: string }
  | { kind: 'attach' }
  | { kind: 'untrusted' }
  | { kind: 'noDebugInfo'; program: string; language: string | undefined };

/** What is said of a problem. */
export interface Text {
  message: string;
  actions: Action[];
}

const runnable = 'Revexec runs x86-64 and riscv64 Linux executables';

/** How programs are compiled so that they can be debugged, by language. */
export const compileHints: Readonly<Record<string, string>> = {
  c: 'gcc -g -O0 -o program program.c',
  cpp: 'g++ -g -O0 -o program program.cpp',
  rust: 'cargo build',
  go: 'go build -gcflags=all="-N -l" -o program .',
  asm: 'gcc -g -o program program.s',
};

function hint(language: string | undefined): string {
  const command = language === undefined ? undefined : compileHints[language];
  return command === undefined ? 'Compile with -g, such as: gcc -g -O0 -o program program.c' : `Compile with: ${command}`;
}

/** Describes a problem: what, where, and what to do. */
export function describe(p: Problem): Text {
  switch (p.kind) {
    case 'binarySettingMissing':
      return {
        message: `The setting revexec.path names ${p.file}, which does not exist. Correct it, or leave it empty to use the debugger that comes with the extension.`,
        actions: ['openSettings'],
      };
    case 'binarySettingNotExecutable':
      return {
        message: `The setting revexec.path names ${p.file}, which is not an executable file. Correct it, or make the file executable.`,
        actions: ['makeExecutable', 'openSettings'],
      };
    case 'binaryNotBundled':
      return {
        message: `This build of the extension brings no dap-revexec for ${p.platform}-${p.arch}, and there is none on the PATH. Install the extension's package for your platform, or build dap-revexec (go install ./cmd/dap-revexec) and name it in the setting revexec.path.`,
        actions: ['openSettings', 'howToBuild'],
      };
    case 'binaryForeign':
      return {
        message: `The debugger ${p.file} is ${p.what}; this computer is ${p.platform}-${p.arch}. Install the extension's package for this platform, or name a dap-revexec built for it in the setting revexec.path.`,
        actions: ['openSettings', 'howToBuild'],
      };
    case 'nothingToDebug':
      return p.hasFolder
        ? {
            message: `No Linux executable was found in the workspace. ${hint(p.language)}`,
            actions: ['chooseProgram', 'howToCompile', 'openLaunchJson'],
          }
        : { message: `There is no open folder to look for executables in. Open one, or choose a program. ${hint(p.language)}`, actions: ['chooseProgram', 'howToCompile'] };
    case 'programMissing':
      return {
        message: `The program ${p.file} does not exist. Build it first (a preLaunchTask can), or correct "program" in the launch configuration.`,
        actions: ['chooseProgram', 'openLaunchJson'],
      };
    case 'programIsDirectory':
      return { message: `The program ${p.file} is a directory. Name the executable in it.`, actions: ['chooseProgram', 'openLaunchJson'] };
    case 'programNotExecutable':
      return { message: `The program ${p.file} is not executable (chmod +x it).`, actions: ['makeExecutable', 'chooseProgram'] };
    case 'programForeign':
      return {
        message: `${p.file} is ${p.what}. ${runnable}: compile it for one of these, for instance on Linux, in a container, or with a cross compiler.`,
        actions: ['chooseProgram', 'howToCompile'],
      };
    case 'programUnfitting':
      return { message: `${p.file} is ${p.what}. ${runnable}.`, actions: ['chooseProgram', 'openLaunchJson'] };
    case 'programIsSource':
      return {
        message: `${p.file} is source code. Compile it, and name the executable as "program". ${hint(p.language)}`,
        actions: ['chooseProgram', 'openLaunchJson'],
      };
    case 'programIsRecording':
      return { message: `${p.file} is a recording: in a launch configuration it belongs into "recording", not "program".`, actions: ['openAsRecording', 'openLaunchJson'] };
    case 'loaderMissing':
      return {
        message: `${p.file} is a dynamically linked ${p.arch} program, and its dynamic loader ${p.loader} is not here. ${
          p.sysroot === undefined
            ? `Link it with -static, or give the directory that holds the libraries of ${p.arch} programs as "sysroot".`
            : `Give the directory that holds its libraries as "sysroot": there is ${p.sysroot}.`
        }`,
        actions: p.sysroot === undefined ? ['openLaunchJson'] : ['useSysroot', 'openLaunchJson'],
      };
    case 'recordingMissing':
      return { message: `The recording ${p.file} does not exist.`, actions: ['chooseRecording', 'openLaunchJson'] };
    case 'recordingDamaged':
      return {
        message: `${p.file} is not a recording, or its beginning is damaged. Recordings are made by "record" in a launch configuration, by dap-revexec record, or by the command "Save the History as a Recording"; a file sent as text is damaged by it.`,
        actions: ['chooseRecording', 'openLaunchJson'],
      };
    case 'recordingIsProgram':
      return { message: `${p.file} is a program, not a recording: in a launch configuration it belongs into "program".`, actions: ['openAsProgram', 'openLaunchJson'] };
    case 'directoryMissing':
      return { message: `The directory ${p.file}, named as "${p.argument}" in the launch configuration, does not exist.`, actions: ['openLaunchJson'] };
    case 'stdinMissing':
      return {
        message: `The file ${p.file}, named as "stdin" in the launch configuration, does not exist. For the input itself write { "text": "…" }.`,
        actions: ['openLaunchJson'],
      };
    case 'exclusive':
      return { message: `"${p.one}" and "${p.other}" in the launch configuration exclude each other: ${p.why}.`, actions: ['openLaunchJson'] };
    case 'attach':
      return {
        message: 'Revexec can\'t attach to a running program: it knows the history only of what it has started. Use "request": "launch", or a recording.',
        actions: ['openLaunchJson', 'chooseRecording'],
      };
    case 'untrusted':
      return { message: 'This workspace is not trusted: Revexec starts no program of it. A recording can be opened; replaying executes nothing of it.', actions: ['trustWorkspace', 'chooseRecording'] };
    case 'noDebugInfo':
      return {
        message: `${path.basename(p.program)} has no debug information: only functions and instructions can be shown, and breakpoints in sources stay grey. ${hint(p.language)}`,
        actions: ['howToCompile'],
      };
  }
}
