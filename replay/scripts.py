"""The buffer's operations as Lua: each runs in Redis whole or not at all.

The keys of one run, all in one hash slot:

    payload   hash  id -> serialized trajectory        every entry, waiting or leased
    ready     zset  id by sequence number              entries that wait: the oldest first
    leased    zset  id by time of lease (ms)           entries that a reader holds
    lease     hash  id -> "sequence token"             where it goes back to, and whose it is
    seen      zset  id by time of append (ms)          ids that are no longer accepted
    totals    hash  sequence, bytes, and the counters of replay.metrics

A Redis stream with a consumer group was the alternative: it can't refuse a duplicate, count bytes,
order what was reclaimed or repeat a lost reply without the same hashes and scripts beside it.
"""

KEYS = ("payload", "ready", "leased", "lease", "seen", "totals")

_PROLOGUE = """
local payload, ready, leased, lease, seen, totals =
    KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""

# ARGV: max entries, max bytes, ms to remember an id, retry (0 or 1), seconds waited so far,
# then id and payload in turn. Returns 1 (stored) or 0 (seen before) for each until the first that
# does not fit. In a retry an id that is already there may be our own, stored before the reply was
# lost: it answers 1. The payload is written first: a server out of memory refuses there, before
# anything else has changed.
APPEND = (
    _PROLOGUE
    + """
local retry = ARGV[4] == '1'
local answers = {}
for i = 6, #ARGV, 2 do
    local id, data = ARGV[i], ARGV[i + 1]
    if redis.call('ZSCORE', seen, id) or redis.call('HEXISTS', payload, id) == 1 then
        answers[#answers + 1] = retry and 1 or 0
        if not retry then redis.call('HINCRBY', totals, 'duplicates', 1) end
    else
        local bytes = tonumber(redis.call('HGET', totals, 'bytes') or '0')
        if redis.call('HLEN', payload) >= tonumber(ARGV[1])
            or bytes + #data > tonumber(ARGV[2]) then break end
        redis.call('HSET', payload, id, data)
        redis.call('ZADD', ready, redis.call('HINCRBY', totals, 'sequence', 1), id)
        redis.call('ZADD', seen, now, id)
        redis.call('HINCRBY', totals, 'bytes', #data)
        redis.call('HINCRBY', totals, 'appended', 1)
        answers[#answers + 1] = 1
    end
end
if #answers > 0 then
    redis.call('ZREMRANGEBYSCORE', seen, '-inf', now - tonumber(ARGV[3]))
    if tonumber(ARGV[5]) > 0 then
        redis.call('HINCRBYFLOAT', totals, 'append_wait_seconds', ARGV[5])
    end
end
return answers
"""
)

# ARGV: token of this call, most entries, retry. Returns id and payload in turn. In a retry the
# entries that the lost reply held are found by the token.
LEASE = (
    _PROLOGUE
    + """
local ids, answers = {}, {}
if ARGV[3] == '1' then
    local holders = redis.call('HGETALL', lease)
    local mine = {}
    for i = 1, #holders, 2 do
        local sequence, token = string.match(holders[i + 1], '^(%d+) (.*)$')
        if token == ARGV[1] then mine[#mine + 1] = {tonumber(sequence), holders[i]} end
    end
    table.sort(mine, function(a, b) return a[1] < b[1] end)
    for i = 1, #mine do ids[i] = mine[i][2] end
end
if #ids == 0 then
    local waiting = redis.call('ZRANGE', ready, 0, tonumber(ARGV[2]) - 1, 'WITHSCORES')
    for i = 1, #waiting, 2 do
        local id = waiting[i]
        redis.call('HSET', lease, id, string.format('%.0f', waiting[i + 1]) .. ' ' .. ARGV[1])
        redis.call('ZADD', leased, now, id)
        redis.call('ZREM', ready, id)
        ids[#ids + 1] = id
    end
end
for i = 1, #ids do
    answers[2 * i - 1] = ids[i]
    answers[2 * i] = redis.call('HGET', payload, ids[i])
end
return answers
"""
)

# ARGV: ids. Returns how many entries there were.
ACKNOWLEDGE = (
    _PROLOGUE
    + """
local count = 0
for i = 1, #ARGV do
    local id = ARGV[i]
    if redis.call('HEXISTS', payload, id) == 1 then
        redis.call('HINCRBY', totals, 'bytes', -redis.call('HSTRLEN', payload, id))
        redis.call('HDEL', payload, id)
        redis.call('ZREM', ready, id)
        redis.call('ZREM', leased, id)
        redis.call('HDEL', lease, id)
        count = count + 1
    end
end
if count > 0 then redis.call('HINCRBY', totals, 'acknowledged', count) end
return count
"""
)

# ARGV: ms that a lease may be old. Returns how many entries went back.
RECLAIM = (
    _PROLOGUE
    + """
local old = redis.call('ZRANGEBYSCORE', leased, '-inf', now - tonumber(ARGV[1]))
for i = 1, #old do
    local sequence = string.match(redis.call('HGET', lease, old[i]), '^(%d+) ')
    redis.call('ZADD', ready, sequence, old[i])
    redis.call('ZREM', leased, old[i])
    redis.call('HDEL', lease, old[i])
end
if #old > 0 then redis.call('HINCRBY', totals, 'reclaimed', #old) end
return #old
"""
)
