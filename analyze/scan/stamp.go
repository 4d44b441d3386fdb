package scan

import (
	"bytes"
	"time"
)

// stamp is a point in time as a line writes it: nanoseconds since 1970, read as if it were UTC unless the text names its
// zone.
type stamp struct {
	nanos int64
	zoned bool
}

const day = 24 * 60 // minutes

// isoStamp reads 2006-01-02 15:04:05 with '-' or '/' in the date, ' ' or 'T' between, any fraction after '.' or ',', and a
// zone of the form Z, +08:00 or +0800. It returns the length read, 0 when b does not begin with one.
func isoStamp(b []byte) (stamp, int) {
	minute, ok := isoMinute(b)
	if !ok {
		return stamp{}, 0
	}
	return restOfISO(b, minute)
}

// isoMinute reads the sixteen bytes 2006-01-02 15:04 as minutes since 1970; seconds must follow.
func isoMinute(b []byte) (int64, bool) {
	if len(b) < 19 || b[7] != b[4] || b[4] != '-' && b[4] != '/' || b[10] != ' ' && b[10] != 'T' || b[13] != ':' || b[16] != ':' {
		return 0, false
	}
	year, ok1 := digits2(b[0:])
	century, ok2 := digits2(b[2:])
	month, ok3 := digits2(b[5:])
	date, ok4 := digits2(b[8:])
	hour, ok5 := digits2(b[11:])
	minute, ok6 := digits2(b[14:])
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || !ok6 || month < 1 || month > 12 || date < 1 || date > 31 || hour > 23 || minute > 59 {
		return 0, false
	}
	return daysOf(year*100+century, month, date)*day + int64(hour*60+minute), true
}

// restOfISO reads seconds, fraction and zone of a stamp whose minute is known.
func restOfISO(b []byte, minute int64) (stamp, int) {
	if len(b) < 19 {
		return stamp{}, 0
	}
	second, ok := digits2(b[17:])
	if !ok || second > 60 {
		return stamp{}, 0
	}
	at, i := minute*int64(time.Minute)+int64(second)*int64(time.Second), 19
	if i < len(b) && (b[i] == '.' || b[i] == ',') {
		n, size := fraction(b[i+1:])
		if size > 0 {
			at += n
			i += 1 + size
		}
	}
	offset, size := zone(b[i:])
	if size == 0 {
		return stamp{at, false}, i
	}
	return stamp{at - offset, true}, i + size
}

// fraction reads digits after a decimal point as nanoseconds; more than nine are skipped.
func fraction(b []byte) (nanos int64, size int) {
	scale := int64(100_000_000)
	for size < len(b) && b[size]-'0' <= 9 {
		nanos += int64(b[size]-'0') * scale
		scale /= 10
		size++
	}
	return nanos, size
}

// zone reads Z, +08:00, +0800 or the same after one space, as nanoseconds east of UTC.
func zone(b []byte) (offset int64, size int) {
	if len(b) == 0 {
		return 0, 0
	}
	if b[0] == 'Z' {
		return 0, 1
	}
	if b[0] != '+' && b[0] != '-' || len(b) < 5 {
		return 0, 0
	}
	rest, size := b[3:], 5
	if rest[0] == ':' {
		rest, size = b[4:], 6
	}
	if len(rest) < 2 {
		return 0, 0
	}
	hours, ok1 := digits2(b[1:])
	minutes, ok2 := digits2(rest)
	if !ok1 || !ok2 || hours > 15 || minutes > 59 {
		return 0, 0
	}
	offset = int64(hours*60+minutes) * int64(time.Minute)
	if b[0] == '-' {
		offset = -offset
	}
	return offset, size
}

// digits2 reads two decimal digits; b must hold at least two bytes.
func digits2(b []byte) (int, bool) {
	hi, lo := b[0]-'0', b[1]-'0'
	return int(hi)*10 + int(lo), hi <= 9 && lo <= 9
}

// daysOf is the number of days from 1970-01-01 to a date of the Gregorian calendar.
func daysOf(year, month, date int) int64 {
	y := year
	if month <= 2 {
		y--
		month += 12
	}
	return int64(365*y + y/4 - y/100 + y/400 + (153*(month-3)+2)/5 + date - 1 - 719468)
}

// clockOf reads 15:04:05 with any fraction as nanoseconds of the day.
func clockOf(b []byte) (nanos int64, size int) {
	if len(b) < 8 || b[2] != ':' || b[5] != ':' {
		return 0, 0
	}
	h, ok1 := digits2(b)
	m, ok2 := digits2(b[3:])
	s, ok3 := digits2(b[6:])
	if !ok1 || !ok2 || !ok3 || h > 23 || m > 59 || s > 60 {
		return 0, 0
	}
	nanos, size = int64((h*60+m)*60+s)*int64(time.Second), 8
	if len(b) > 9 && b[8] == '.' {
		n, digits := fraction(b[9:])
		if digits > 0 {
			nanos += n
			size += 1 + digits
		}
	}
	return nanos, size
}

var months = []byte("JanFebMarAprMayJunJulAugSepOctNovDec")

// monthOf reads an English month of three letters, 0 when b begins with none.
func monthOf(b []byte) int {
	if len(b) < 3 {
		return 0
	}
	for m := 0; m < 12; m++ {
		if string(months[m*3:m*3+3]) == string(b[:3]) {
			return m + 1
		}
	}
	return 0
}

// number reads up to max decimal digits.
func number(b []byte, max int) (n, size int) {
	for size < len(b) && size < max && b[size]-'0' <= 9 {
		n = n*10 + int(b[size]-'0')
		size++
	}
	return n, size
}

func dated(year, month, date int, nanos int64) (stamp, bool) {
	if month < 1 || date < 1 || date > 31 || year < 1970 || year > 2200 {
		return stamp{}, false
	}
	return stamp{nanos: daysOf(year, month, date)*int64(24*time.Hour) + nanos}, true
}

// redisStamp reads "23 Nov 2026 08:03:28.345".
func redisStamp(b []byte) (stamp, int) {
	date, i := number(b, 2)
	if i == 0 || len(b) < i+14 || b[i] != ' ' || b[i+4] != ' ' || b[i+9] != ' ' {
		return stamp{}, 0
	}
	year, digits := number(b[i+5:], 4)
	nanos, size := clockOf(b[i+10:])
	at, ok := dated(year, monthOf(b[i+1:]), date, nanos)
	if digits != 4 || size == 0 || !ok {
		return stamp{}, 0
	}
	return at, i + 10 + size
}

// accessStamp reads "05/Oct/2026:10:35:12 +0000" of access logs.
func accessStamp(b []byte) (stamp, int) {
	if len(b) < 20 || b[2] != '/' || b[6] != '/' || b[11] != ':' {
		return stamp{}, 0
	}
	date, digits := number(b, 2)
	year, digits4 := number(b[7:], 4)
	nanos, size := clockOf(b[12:])
	at, ok := dated(year, monthOf(b[3:]), date, nanos)
	if digits != 2 || digits4 != 4 || size == 0 || !ok {
		return stamp{}, 0
	}
	end := 12 + size
	if end < len(b) && b[end] == ' ' {
		if offset, n := zone(b[end+1:]); n > 0 {
			return stamp{at.nanos - offset, true}, end + 1 + n
		}
	}
	return at, end
}

// dmesgStamp reads "Thu Sep 10 19:24:46 2026", as dmesg -T and date print it; a zone name before the year is skipped.
func dmesgStamp(b []byte) (stamp, int) {
	if len(b) < 24 || b[3] != ' ' || b[7] != ' ' || b[10] != ' ' {
		return stamp{}, 0
	}
	date, digits := number(bytes.TrimLeft(b[8:10], " "), 2)
	nanos, size := clockOf(b[11:])
	if digits == 0 || size == 0 {
		return stamp{}, 0
	}
	i := 11 + size
	utc := bytes.HasPrefix(b[i:], []byte(" UTC"))
	if utc {
		i += 4
	}
	if len(b) < i+5 || b[i] != ' ' {
		return stamp{}, 0
	}
	year, digits := number(b[i+1:], 4)
	at, ok := dated(year, monthOf(b[4:]), date, nanos)
	if digits != 4 || !ok {
		return stamp{}, 0
	}
	at.zoned = utc
	return at, i + 5
}

// klogStamp reads "1123 08:03:28.345678", the month and day of klog; the year is handed in, 0 when unknown.
func klogStamp(b []byte, year int) (stamp, int) {
	if len(b) < 13 || b[4] != ' ' {
		return stamp{}, 0
	}
	month, ok1 := digits2(b)
	date, ok2 := digits2(b[2:])
	nanos, size := clockOf(b[5:])
	if !ok1 || !ok2 || size == 0 || month > 12 {
		return stamp{}, 0
	}
	at, _ := dated(year, month, date, nanos)
	return at, 5 + size
}

// syslogStamp reads "Nov 23 08:03:28"; the year is handed in.
func syslogStamp(b []byte, year int) (stamp, int) {
	if len(b) < 15 || b[3] != ' ' || b[6] != ' ' || monthOf(b) == 0 {
		return stamp{}, 0
	}
	date, digits := number(bytes.TrimLeft(b[4:6], " "), 2)
	nanos, size := clockOf(b[7:])
	if digits == 0 || size == 0 {
		return stamp{}, 0
	}
	at, _ := dated(year, monthOf(b), date, nanos)
	return at, 7 + size
}
