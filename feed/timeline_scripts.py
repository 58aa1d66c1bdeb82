"""The scripts that change timelines in Valkey (`feed.timeline_store`).

They compare ids as two numbers of 32 bits: a Lua number holds 53 bits, and Lua compares strings by the locale of the
server. They are atomic, so no reader or other writer sees a list half changed.
"""

from typing import Final

_DECODE: Final = """
local call, cap = redis.call, tonumber(args[1])
local BUILDING, CUT = 1, 3
local function halves(member)
    return struct.unpack('>I4I4', member)
end
local function version_and_state(member)
    local high, low = halves(member)
    local value = high * 4294967296 + low
    return math.floor(value / 4), value % 4
end
local function state_member(version, state)
    local value = version * 4 + state
    return struct.pack('>I4I4', math.floor(value / 4294967296), value % 4294967296)
end
"""

# keys: timelines. args: cap, post, versions of the readers in 4 bytes each. Returns how many timelines changed,
# and how many it has dealt with: it stops early if it had to search long for the places of a late post.
#
# A missing timeline is skipped: it will be built completely. A timeline of a newer version than the reader had when the
# fan-out read it is deleted, because the reader may have unfollowed the author since. One of an older version is pushed
# to, because the change that is still to come does not add the post.
PUSH: Final = (
    _DECODE
    + """
local id, versions, limit = args[2], args[3], cap + math.floor(cap / 8)
local unpacked = struct.unpack
local high, low = halves(id)
local steps, MAX_STEPS = 0, 600
local function is_older(member)
    local h, l = halves(member)
    return h < high or (h == high and l < low)
end
local function insert(key, last, state)
    -- The place is usually near the front, so the steps of the binary search begin small.
    local size = call('LLEN', key)
    local newer, older, pivot, step = -1, size - 1, last, 1
    while older - newer > 1 do
        local at = math.min(newer + step, math.floor((newer + older) / 2))
        local member = call('LINDEX', key, at)
        steps = steps + 1
        if member == id then
            return nil
        elseif is_older(member) then
            older, pivot = at, member
        else
            newer, step = at, step * 2
        end
    end
    if older == size - 1 and state == CUT then
        return nil
    end
    return call('LINSERT', key, 'BEFORE', pivot, id)
end
local pushed = 0
for at = 1, #keys do
    local key = keys[at]
    local last = call('LINDEX', key, -1)
    if last then
        local h, l = unpacked('>I4I4', last)
        if h * 4294967296 + l > unpacked('>I4', versions, at * 4 - 3) * 4 + 3 then
            call('UNLINK', key)
        else
            local size
            local newest_h, newest_l = unpacked('>I4I4', call('LINDEX', key, 0))
            if newest_h < high or (newest_h == high and newest_l < low) then
                size = call('LPUSH', key, id)
            else
                size = insert(key, last, l % 4)
            end
            if size and size > limit + 1 then
                call('LTRIM', key, 0, cap - 1)
                local version, state = version_and_state(last)
                call('RPUSH', key, state == BUILDING and last or state_member(version, CUT))
            end
            pushed = pushed + (size and 1 or 0)
        end
        if steps > MAX_STEPS then
            return {pushed, at}
        end
    end
end
return {pushed, #keys}
"""
)

# keys: a timeline. args: cap, version, seconds. Begins to build it; returns 0 if there is one of a newer version.
START: Final = (
    _DECODE
    + """
local last = call('LINDEX', keys[1], -1)
local wanted = tonumber(args[2])
if last then
    local version = version_and_state(last)
    if version >= wanted then
        return version == wanted and 1 or 0
    end
    call('UNLINK', keys[1])
end
call('RPUSH', keys[1], state_member(wanted, BUILDING))
call('EXPIRE', keys[1], args[3])
return 1
"""
)

# keys: a timeline. args: cap, expected version, new version, 1 to finish a build or 0 to change a built timeline,
# seconds to keep it (0: unchanged), 1 if PostgreSQL has older posts than those added, ids to add in one string and
# newest first, ids to remove in one string, expected number of posts (-1: any). Returns 1 if it has been changed.
CHANGE: Final = (
    _DECODE
    + """
local key, added, removed = keys[1], args[7], {}
local members = call('LRANGE', key, 0, -1)
local size = #members
if size == 0 then
    return 0
end
local version, state = version_and_state(members[size])
if version ~= tonumber(args[2]) or (state == BUILDING) ~= (args[4] == '1') then
    return 0
end
if args[9] ~= '-1' and size - 1 ~= tonumber(args[9]) then
    return 0
end
for at = 1, #args[8], 8 do
    removed[string.sub(args[8], at, at + 7)] = true
end
-- Below the oldest member of a timeline that is CUT, nothing may be added: posts between the two would be missing.
local stop = #added
if state == CUT and size > 1 then
    local floor_high, floor_low = halves(members[size - 1])
    while stop > 0 do
        local high, low = struct.unpack('>I4I4', added, stop - 7)
        if high > floor_high or (high == floor_high and low >= floor_low) then
            break
        end
        stop = stop - 8
    end
end
local merged, at, from = {}, 1, 1
while #merged < cap and (at < size or from < stop) do
    local high, low, added_high, added_low = -1, -1, -1, -1
    if at < size then
        high, low = halves(members[at])
    end
    if from < stop then
        added_high, added_low = struct.unpack('>I4I4', added, from)
    end
    local member
    if high > added_high or (high == added_high and low >= added_low) then
        member = members[at]
        at = at + 1
        if high == added_high and low == added_low then
            from = from + 8
        end
    else
        member = string.sub(added, from, from + 7)
        from = from + 8
    end
    if not removed[member] then
        merged[#merged + 1] = member
    end
end
if at < size or from < stop or args[6] == '1' then
    state = CUT
elseif state == BUILDING then
    state = 2
end
local ttl = args[5] == '0' and call('PTTL', key) or tonumber(args[5]) * 1000
call('UNLINK', key)
if state == CUT and #merged < cap / 2 and args[4] == '0' then
    return 1
end
merged[#merged + 1] = state_member(tonumber(args[3]), state)
call('RPUSH', key, unpack(merged))
if ttl > 0 then
    call('PEXPIRE', key, ttl)
end
return 1
"""
)

# keys: timelines. args: cap, ids to remove in one string. Returns how many entries were removed. A timeline that is CUT
# and has become short is deleted, and rebuilt when it is next read.
REMOVE: Final = (
    _DECODE
    + """
local removed, count = {}, 0
for at = 1, #args[2], 8 do
    removed[string.sub(args[2], at, at + 7)] = true
end
for _, key in ipairs(keys) do
    local members = call('LRANGE', key, 0, -1)
    local left = #members - 1
    for at = 1, #members - 1 do
        if removed[members[at]] then
            call('LREM', key, 1, members[at])
            count, left = count + 1, left - 1
        end
    end
    if left < #members - 1 and left < cap / 2 then
        local _, state = version_and_state(members[#members])
        if state == CUT then
            call('UNLINK', key)
        end
    end
end
return count
"""
)
