-- The same session as in VS Code, in Neovim: debugs bank.c with nvim-dap and the
-- configuration that docs/editors.md gives. run.mjs starts it, headless; the exit code
-- tells how it went.

local work = os.getenv('REVEXEC_WORK')
local patience = 20000 -- milliseconds that an answer may take

local function await(what, met)
  assert(vim.wait(patience, met, 10), 'no ' .. what .. ' in time')
end

-- The number of the line of bank.c that has the text.
local function line_of(text)
  local n = 0
  for line in io.lines(work .. '/bank.c') do
    n = n + 1
    if line:find(text, 1, true) then return n end
  end
  error('bank.c has no ' .. text)
end

local function session()
  dofile(work .. '/config.lua')
  local dap = require('dap')
  dap.adapters.revexec.options = { initialize_timeout_sec = 20 }

  -- Scopes are what nvim-dap asks for last, after a stop, once it has shown the place.
  local stops = 0
  dap.listeners.after.scopes.test = function() stops = stops + 1 end

  -- Does something that moves the program; checks where it then is (a line with the
  -- text, any without one), and that the cursor is there.
  local function after(motion, name, text)
    local before = stops
    motion()
    await('stop in ' .. name, function() return stops > before and dap.session().current_frame ~= nil end)
    local frame = dap.session().current_frame
    local expected, cursor = text and line_of(text) or frame.line, vim.fn.line('.')
    assert(frame.name == name and frame.line == expected and cursor == expected,
      string.format('%s:%d, the cursor on line %d; expected %s:%d', frame.name, frame.line, cursor, name, expected))
  end
  local function press(keys)
    return function() vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes(keys, true, false, true), 'mx', false) end
  end
  local function word(words)
    return function() vim.cmd('Revexec ' .. words) end
  end
  local function value(expression)
    local got
    dap.session():request('evaluate', { expression = expression, context = 'watch', frameId = dap.session().current_frame.id },
      function(err, answer) got = err and err.message or answer.result end)
    await('value of ' .. expression, function() return got end)
    return got
  end
  local function is(expression, expected)
    local got = value(expression)
    assert(got == expected, expression .. ' is ' .. got .. ', expected ' .. expected)
  end

  vim.cmd('edit ' .. work .. '/bank.c')
  vim.api.nvim_win_set_cursor(0, { line_of('total += '), 0 })
  dap.toggle_breakpoint()
  local config = vim.tbl_extend('force', dap.configurations.c[1], { program = work .. '/bank', cwd = work, stopOnEntry = false })
  after(function() dap.run(config) end, 'main', 'total += ')
  after(dap.step_over, 'main', 'printf("day')
  after(press('\\rn'), 'main', 'total += ')
  is('total', '0')
  after(press('\\rn'), 'main', 'deposit(&alice')
  after(dap.step_over, 'main', 'total += ')
  after(press('\\rs'), 'deposit') -- at its closing brace
  after(press('\\rf'), 'main', 'deposit(&alice')
  after(dap.continue, 'main', 'total += ')
  after(dap.continue, 'main', 'total += ')
  after(dap.continue, 'main', 'total += ')
  is('day', '3')
  after(press('\\rc'), 'main', 'total += ')
  is('day', '2')
  after(word('last-write alice.balance'), 'deposit', 'to->balance +=')
  is('amount', '20')
  vim.fn.search('balance')
  after(press('\\rw'), 'deposit', 'to->balance +=')
  is('amount', '10')

  -- What is wrong is said in the REPL, and nothing moves.
  word('last-write no_such_thing')()
  await('message', function()
    local lines = vim.api.nvim_buf_get_lines(vim.fn.bufnr('dap-repl'), 0, -1, false)
    return table.concat(lines, '\n'):find('no_such_thing')
  end)

  -- To the end of the program and back.
  dap.clear_breakpoints()
  local before = stops
  dap.continue()
  await('end of the program', function() return stops > before end)
  after(word('last-write alice.balance'), 'deposit', 'to->balance +=')
  is('amount', '30')
  dap.terminate()
  await('end of the session', function() return dap.session() == nil end)
end

local ok, err = xpcall(session, debug.traceback)
io.stdout:write(ok and 'ok: the session in Neovim\n' or ('FAIL: the session in Neovim: ' .. tostring(err) .. '\n'))
vim.cmd(ok and 'qall!' or 'cquit')
