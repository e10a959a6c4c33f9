-- GETs the paths given, in turn, each time by another visitor, and tells the result as one line of
-- JSON. A visitor is an address in X-Forwarded-For, as the proxy would tell it that the engine trusts.

local threads = 0

function setup(thread)
  thread:set("place", threads)
  threads = threads + 1
end

function init(args)
  wrk.headers["User-Agent"] = args[1]
  visitor = tonumber(args[2]) + place * 100000000
  heads = {}
  for at = 3, #args do
    local whole = wrk.format("GET", args[at])
    heads[#heads + 1] = whole:sub(1, #whole - 2) .. "X-Forwarded-For: visitor-"
  end
  turn = 0
end

function request()
  turn = turn % #heads + 1
  visitor = visitor + 1
  return heads[turn] .. visitor .. "\r\n\r\n"
end

function done(summary)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "microseconds": %d, "errors": %d}\n',
    summary.requests, summary.duration,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
