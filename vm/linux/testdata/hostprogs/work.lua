local t = {}
for i = 1, 3000 do t[i] = (i * 7919) % 3001 end
table.sort(t)
local s = 0
for i, v in ipairs(t) do s = s + v * i % 97 end
print(s, #t, t[1], t[3000])
local n = 0
for i = 1, 2000000 do n = n + i % 7 * 0.5 end
print(n)
print(("hello world"):gsub("(%w+)", function(w) return w:upper():reverse() end))
local co = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i * i) end end)
print(co(), co(), co())
print((pcall(function() error({ code = 3 }) end)))
local f = assert(io.open("lua.out", "w"))
f:write(string.format("%.10f\n", math.sin(1)))
f:close()
print(io.open("lua.out"):read("*a"))
local p = io.popen("echo from a child")
print(p:read("*l"), p:close())
os.exit(8)
