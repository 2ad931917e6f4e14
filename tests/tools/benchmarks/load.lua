-- What one wrk asks, and what it notes down of each answer. The bare app and the service are asked
-- by this same script, so that its own cost is on both sides.
--
-- Arguments: the work, the file for its figures, a tag (begins each username), and, if not "-":
-- a file of records' links to read, and the milliseconds to wait before each request.

local FORM = "username=sam&firstname=john&lastname=king"
local URLENCODED = "application/x-www-form-urlencoded"

statuses, links, sent, out = {}, {}, 0, ""

local function in_turn(file)
  local all, n = {}, 0
  for link in io.lines(file) do all[#all + 1] = wrk.format("GET", link) end
  return function()
    n = n % #all + 1
    return all[n]
  end
end

local function fresh_usernames(tag, rest)
  return function()
    sent = sent + 1
    return wrk.format(nil, nil, nil, "username=" .. tag .. "-" .. sent .. rest)
  end
end

function init(arguments)
  local work, tag, file, pause = arguments[1], arguments[3], arguments[4], arguments[5]
  out = arguments[2]
  wrk.method, wrk.body, wrk.headers["Content-Type"] = "POST", FORM, URLENCODED
  if work == "refuse" then
    wrk.body = "username=sam&firstname=john"
  elseif work == "sign_up" then
    request = fresh_usernames(tag, "&firstname=john")
  elseif work == "sign_up_with_password" then
    request = fresh_usernames(tag, "&password=an+otter+counts+nine+moons")
  elseif work == "read" then
    wrk.method, wrk.body, wrk.headers["Content-Type"] = "GET", nil, nil
    request = in_turn(file)
  elseif work == "both" then
    local post, read, turn = wrk.format(), in_turn(file), false
    request = function()
      turn = not turn
      return turn and post or read()
    end
  end
  if pause ~= "-" then delay = function() return tonumber(pause) end end
end

function response(status, headers)
  if status == 503 and headers["Retry-After"] then status = "503+" end
  statuses[status] = (statuses[status] or 0) + 1
  local link = headers["Location"]
  if link then links[#links + 1] = link end
end

function setup(thread) only = thread end

function done(summary, latency)
  local file = io.open(only:get("out"), "w")
  local function say(key, value) file:write(key, " ", value, "\n") end
  say("seconds", summary.duration / 1e6)
  say("p50", latency:percentile(50) / 1e3)
  say("p99", latency:percentile(99) / 1e3)
  say("sent", only:get("sent"))
  for kind, count in pairs(summary.errors) do
    if kind ~= "status" then say("error:" .. kind, count) end
  end
  for status, count in pairs(only:get("statuses")) do say("status:" .. status, count) end
  for _, link in ipairs(only:get("links")) do say("link", link) end
  file:close()
end
