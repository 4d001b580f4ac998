;;; session-test.el --- The same session as in VS Code, in Emacs  -*- lexical-binding: t; -*-

;;; Commentary:

;; Debugs bank.c with dap-mode, in batch mode.  What it knows of dap-revexec is what
;; docs/editors.md tells people to put into their init file: that block is read out of
;; the document, so it can't become wrong unnoticed.
;;
;; run.mjs builds what this needs, and tells where it is in the environment:
;; REVEXEC_DOCUMENT, REVEXEC_WORK (a directory with bank.c and bank).
;; dap-revexec is found in PATH, as it is for people.
;;
;; Nothing here sleeps: every wait is for a message of the adapter's, with a time limit.

;;; Code:

(require 'package)
(require 'ert)
(require 'cl-lib)
(require 'subr-x)

;; Where Debian puts packages, of which -Q knows nothing.
(add-to-list 'package-directory-list "/usr/share/emacs/site-lisp/elpa")
(package-initialize)

;;;; Time limits and places

(defconst session-patience 30
  "How many seconds an answer may take on a busy machine before the test fails.")

(defconst session-work (file-name-as-directory (getenv "REVEXEC_WORK"))
  "The directory of the program and its source.")

(defconst session-source (expand-file-name "bank.c" session-work))
(defconst session-program (expand-file-name "bank" session-work))

;;;; The document

(defun session-block (name)
  "Return the code block of the document that is marked with NAME."
  (with-temp-buffer
    (insert-file-contents (getenv "REVEXEC_DOCUMENT"))
    (re-search-forward (format "^<!-- tested: %s -->\n```[a-z]*\n" (regexp-quote name)))
    (let ((start (point)))
      (re-search-forward "^```$")
      (buffer-substring-no-properties start (match-beginning 0)))))

(defun session-load-block (name)
  "Evaluate the code block of the document that is marked with NAME."
  (with-temp-buffer
    (insert (session-block name))
    (eval-buffer)))

(session-load-block "emacs-dap-mode")

;; Breakpoints are kept in a file between sessions; not these.
(setq dap-breakpoints-file (expand-file-name "breakpoints" session-work))
;; The messages of a session, when something goes wrong.
(setq dap-print-io (and (getenv "REVEXEC_TRACE") t)
      dap-inhibit-io nil)

;;;; Waiting

(defun session-await (what met)
  "Let messages in until MET returns non-nil, and return that.  WHAT is awaited."
  (let ((deadline (+ (float-time) session-patience)) value)
    (while (not (setq value (funcall met)))
      (when (> (float-time) deadline)
        (error "No %s within %d s; the last messages:\n%s" what session-patience
               (with-current-buffer (messages-buffer)
                 (buffer-substring (max (point-min) (- (point-max) 2000)) (point-max)))))
      (accept-process-output nil 0.1))
    value))

(defvar session-arrivals 0
  "How often the program has stopped and dap-mode has shown where.")

(add-hook 'dap-stack-frame-changed-hook
          (lambda (session)
            (when (dap--debug-session-active-frame session)
              (cl-incf session-arrivals))))

(defun session-place ()
  "Return where the program is: the function and the line.
That is what dap-mode shows, and where it has put point."
  (let* ((frame (dap--debug-session-active-frame (dap--cur-session)))
         (line (gethash "line" frame)))
    (with-current-buffer (find-buffer-visiting session-source)
      (should (= line (line-number-at-pos))))
    (list (gethash "name" frame) line)))

(defun session-after (motion &rest arguments)
  "Call MOTION with ARGUMENTS, wait until the program has stopped; return the place."
  (let ((before session-arrivals))
    (apply motion arguments)
    (session-await (format "stop after %s" motion)
                   (lambda () (and (> session-arrivals before)
                                   (dap--debug-session-thread-id (dap--cur-session)))))
    (session-place)))

;;;; Looking

(defun session-line-of (text)
  "Return the number of the line of bank.c that contains TEXT."
  (with-current-buffer (find-file-noselect session-source)
    (save-excursion
      (goto-char (point-min))
      (search-forward text)
      (line-number-at-pos))))

(defun session-stack ()
  "Return the names of the functions on the stack, down to main."
  (let* ((session (dap--cur-session))
         (frames (gethash (dap--debug-session-thread-id session)
                          (dap--debug-session-thread-stack-frames session)))
         (names (mapcar (lambda (frame) (gethash "name" frame)) frames)))
    (butlast names (1- (length (member "main" names))))))

(defun session-locals ()
  "Return an alist of the variables that are in the first scope, and their values."
  (let* ((session (dap--cur-session))
         (frame (gethash "id" (dap--debug-session-active-frame session)))
         (scope (car (gethash "scopes" (dap-request session "scopes" :frameId frame))))
         (variables (gethash "variables" (dap-request session "variables" :variablesReference
                                                      (gethash "variablesReference" scope)))))
    (mapcar (lambda (v) (cons (gethash "name" v) (gethash "value" v))) variables)))

(defun session-value (expression)
  "Return the value of EXPRESSION as the adapter writes it."
  (let ((session (dap--cur-session)))
    (gethash "result" (dap-request session "evaluate" :expression expression :context "watch" :frameId
                                   (gethash "id" (dap--debug-session-active-frame session))))))

(defun session-position ()
  "Return the number of instructions that the program has executed here."
  (gethash "icount" (dap-request (dap--cur-session) "revexec/where")))

(defun session-output ()
  "Return what the program has printed, as dap-mode shows it."
  (with-current-buffer (dap--debug-session-output-buffer (dap--cur-session))
    (buffer-substring-no-properties (point-min) (point-max))))

(defun session-type (line)
  "Type LINE into the debug console, and return the answer."
  (dap-ui-repl)
  (with-current-buffer "*dap-ui-repl*"
    (goto-char (point-max))
    (insert line)
    (let ((answer (point)))
      (comint-send-input)
      (session-await (format "answer to %s" line)
                     (lambda ()
                       (goto-char answer)
                       (re-search-forward "\n>> \\'" nil t)))
      (string-trim (buffer-substring-no-properties answer (match-beginning 0))))))

;;;; Sessions

(defun session-start (breakpoint &rest arguments)
  "Launch the program with ARGUMENTS and a breakpoint on the line of BREAKPOINT.
Return the place of the first stop."
  (find-file session-source)
  (dap-breakpoint-delete-all)
  (when breakpoint
    (goto-char (point-min))
    (forward-line (1- (session-line-of breakpoint)))
    (dap-breakpoint-add))
  (session-after #'dap-debug (append arguments
                                     (list :type "revexec" :name "bank" :request "launch"
                                           :cwd session-work :program session-program))))

(defun session-end ()
  "End the session, and wait until dap-mode has seen that the adapter is gone."
  (let ((session (dap--cur-session)))
    (dap-disconnect session)
    (session-await "end of the session" (lambda () (not (dap--session-running session))))
    (dap-delete-session session)
    (when-let ((console (get-buffer "*dap-ui-repl*")))
      (let (kill-buffer-query-functions)
        (kill-buffer console)))))

(defmacro session-with (start &rest body)
  "Start a session as START says, do BODY, and end it whatever happened."
  (declare (indent 1))
  `(unwind-protect
       (progn
         (should (equal ,@start))
         ,@body)
     (session-end)))

;;;; Tests

(ert-deftest session-goes-back-with-the-commands-of-the-document ()
  (let ((call (session-line-of "deposit(&alice"))
        (sum (session-line-of "total += "))
        (print (session-line-of "printf(\"day"))
        (add (session-line-of "to->balance +=")))
    (session-with ((list "main" sum) (session-start "total += "))
      (should (equal (session-locals) '(("total" . "0") ("day" . "1"))))
      (should (equal (session-value "alice.balance") "110"))
      (let ((here (session-position)))
        ;; A step back undoes a step.
        (should (equal (session-after #'dap-next (dap--cur-session)) (list "main" print)))
        (should (equal (session-value "total") "10"))
        (should (equal (session-after #'dap-step-back) (list "main" sum)))
        (should (= (session-position) here))
        (should (equal (session-value "total") "0"))
        ;; Back over the call, and into it.
        (should (equal (session-after #'dap-step-back) (list "main" call)))
        (should (equal (session-value "alice.balance") "100"))
        (should (equal (session-after #'dap-next (dap--cur-session)) (list "main" sum)))
        (session-after #'dap-reverse-step-in)
        (should (equal (session-stack) '("deposit" "main")))
        (should (equal (session-after #'dap-reverse-step-out) (list "main" call)))
        ;; On to the breakpoint on the third day, and back to the one on the second.
        (session-after #'dap-seek (number-to-string here))
        (session-after #'dap-continue (dap--cur-session) (dap--debug-session-thread-id (dap--cur-session)))
        (session-after #'dap-continue (dap--cur-session) (dap--debug-session-thread-id (dap--cur-session)))
        (should (equal (session-value "day") "3"))
        (should (equal (session-after #'dap-reverse-continue) (list "main" sum)))
        (should (equal (session-value "day") "2"))
        ;; Who set the balance to this?
        (should (equal (session-after #'dap-last-write "alice.balance") (list "deposit" add)))
        (should (equal (session-value "amount") "20"))
        (should (equal (session-stack) '("deposit" "main")))
        ;; To a position.
        (should (equal (session-after #'dap-seek (number-to-string here)) (list "main" sum)))
        (should (= (session-position) here))))))

(ert-deftest session-goes-back-with-words-in-the-console ()
  (let ((call (session-line-of "deposit(&alice"))
        (sum (session-line-of "total += "))
        (print (session-line-of "printf(\"day"))
        (add (session-line-of "to->balance +=")))
    (session-with ((list "main" sum) (session-start "total += "))
      (should (equal (session-type "alice.balance - total") "110"))
      (let ((here (session-position)))
        (should (equal (session-after #'session-type "next") (list "main" print)))
        (should (equal (session-after #'session-type "reverse-next") (list "main" sum)))
        (should (= (session-position) here))
        (should (equal (session-after #'session-type "rn") (list "main" call)))
        (session-after #'session-type "n")
        (session-after #'session-type "reverse-step")
        (should (equal (session-stack) '("deposit" "main")))
        (should (equal (session-after #'session-type "reverse-step-out") (list "main" call)))
        (session-after #'session-type "continue 3")
        (should (equal (session-type "day") "3"))
        (session-after #'session-type "reverse-continue")
        (should (equal (session-type "day") "2"))
        (should (equal (session-after #'session-type "last-write alice.balance") (list "deposit" add)))
        (should (equal (session-after #'session-type (format "seek %d" here)) (list "main" sum)))
        (should (string-match-p (format "\\b%d\\b" here) (session-type "where")))
        (session-type "bookmark noon")
        (should (equal (session-after #'session-type "next") (list "main" print)))
        (should (equal (session-after #'session-type "seek @noon") (list "main" sum)))
        (should (= (session-position) here))
        (should (string-match-p "100.*110\\(.\\|\n\\)*110.*130" (session-type "history alice.balance")))
        (should (string-match-p "reverse-continue" (session-type "help")))))))

(ert-deftest session-survives-the-end-of-the-program ()
  (let ((sum (session-line-of "total += "))
        (printed "day 1: 110\nday 2: 130\nday 3: 160\ntotal 60\n"))
    (session-with ((list "main" sum) (session-start "total += "))
      (find-file session-source)
      (dap-breakpoint-delete-all)
      (let ((before session-arrivals))
        (dap-continue (dap--cur-session) (dap--debug-session-thread-id (dap--cur-session)))
        (session-await "end of the program" (lambda () (> session-arrivals before))))
      (should (dap--session-running (dap--cur-session)))
      (should (equal (session-output) printed))
      ;; The whole history is there, and is not printed again.
      (should (equal (session-after #'dap-last-write "alice.balance")
                     (list "deposit" (session-line-of "to->balance +="))))
      (should (equal (session-value "to->balance") "130"))
      (let ((before session-arrivals))
        (dap-continue (dap--cur-session) (dap--debug-session-thread-id (dap--cur-session)))
        (session-await "end of the program" (lambda () (> session-arrivals before))))
      (should (equal (session-output) printed)))))

(ert-deftest session-shows-what-is-wrong-and-goes-on ()
  (let ((sum (session-line-of "total += ")))
    (session-with ((list "main" sum) (session-start "total += "))
      (should (string-match-p "no_such_thing" (session-type "last-write no_such_thing")))
      ;; dap-mode raises the adapter's message while it reads it; batch mode passes it on to
      ;; who waits, where Emacs would show it.
      (dap-last-write "no_such_thing")
      (should (string-match-p "no_such_thing"
                              (cadr (should-error (session-await "message" #'ignore)))))
      ;; dap-mode takes the program for stopped still.
      (should (equal (session-place) (list "main" sum)))
      (should (equal (session-after #'dap-step-back)
                     (list "main" (session-line-of "deposit(&alice")))))))

(ert-deftest session-stops-at-the-beginning-of-history ()
  (session-with ((list "main" (session-line-of "total = 0")) (session-start nil :stopOnEntry t))
    (session-type "seek start")
    (session-await "the start" (lambda () (dap--debug-session-thread-id (dap--cur-session))))
    (dotimes (_ 2)
      (let ((stops 0))
        (let ((count (lambda (_) (cl-incf stops))))
          (add-hook 'dap-stopped-hook count)
          (unwind-protect
              (progn (session-await "place at the start"
                                    (lambda () (dap--debug-session-active-frame (dap--cur-session))))
                     (dap-reverse-continue)
                     (session-await "stop at the start" (lambda () (> stops 0))))
            (remove-hook 'dap-stopped-hook count)))
        (should (= (session-position) 0))))))

(ert-deftest session-asks-the-terminal-for-nothing-twice ()
  (let* ((session-source (expand-file-name "ask.c" session-work))
         (session-program (expand-file-name "ask" session-work))
         (session-arrivals 0)
         (greeting (session-line-of "hello")))
    (find-file session-source)
    (dap-breakpoint-delete-all)
    (goto-char (point-min))
    (forward-line (1- greeting))
    (dap-breakpoint-add)
    (dap-debug (list :type "revexec" :name "ask" :request "launch" :cwd session-work
                     :program session-program :console "integratedTerminal"))
    (unwind-protect
        (let ((terminal (session-await "terminal" (lambda () (get-buffer "*ask - ask*")))))
          (cl-flet ((shown () (with-current-buffer terminal
                                (buffer-substring-no-properties (point-min) (point-max)))))
            (session-await "prompt" (lambda () (string-match-p "terminal 1; name\\? \\'" (shown))))
            (process-send-string (get-buffer-process terminal) "world\n")
            (session-await "stop" (lambda () (> session-arrivals 0)))
            (should (equal (session-place) (list "main" greeting)))
            (should (equal (session-value "name") "\"world\\n\""))
            ;; Back to before it was read, and on.
            (should (equal (session-after #'dap-step-back) (list "main" (session-line-of "fgets"))))
            (should (equal (session-value "name") "\"\""))
            (should (equal (session-after #'session-type "continue") (list "main" greeting)))
            (should (equal (session-value "name") "\"world\\n\""))
            ;; dap-mode asks for the stack at the end, too: of an adapter that is there still.
            (let ((before session-arrivals))
              (session-type "continue")
              (session-await "end of the program" (lambda () (> session-arrivals before))))
            (session-await "greeting" (lambda () (string-match-p "hello world" (shown))))
            (should (equal (replace-regexp-in-string "\r" "" (shown)) "terminal 1; name? world\nhello world\n"))))
      (session-end))))

(ert-deftest session-reaches-an-adapter-that-listens ()
  (let* ((printed "")
         (adapter (make-process :name "dap-revexec" :command '("dap-revexec" "--listen" "127.0.0.1:0")
                                :noquery t
                                :filter (lambda (_ text) (setq printed (concat printed text))))))
    (unwind-protect
        (let* ((port (progn
                       (session-await "port" (lambda () (string-match "listening at: 127\\.0\\.0\\.1:\\([0-9]+\\)$" printed)))
                       (string-to-number (match-string 1 printed))))
               (sum (session-line-of "total += ")))
          (session-with ((list "main" sum)
                         (session-start "total += " :host "127.0.0.1" :debugServer port))
            (should (eq (process-type (dap--debug-session-proc (dap--cur-session))) 'network))
            (should (equal (session-after #'dap-step-back)
                           (list "main" (session-line-of "deposit(&alice"))))))
      (delete-process adapter))))

(provide 'session-test)
;;; session-test.el ends here
