-- GETs the paths given after the user agent, in turn, and tells the result as one line of JSON.

function init(args)
  wrk.headers["User-Agent"] = args[1]
  requests = {}
  for place = 2, #args do
    requests[#requests + 1] = wrk.format("GET", args[place])
  end
  turn = 0
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "microseconds": %d, "errors": %d}\n',
    summary.requests, summary.duration,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
