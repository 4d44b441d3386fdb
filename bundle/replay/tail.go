package replay

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// tailStart is the offset at which the last lines of a log begin. Of an entry with an index only its end is read.
func (c *Cluster) tailStart(entry string, lines int64) (int64, error) {
	info := c.store.Info(entry)
	switch {
	case lines < 0:
		return 0, nil
	case info == nil || c.reader == nil:
		return c.tailByReading(entry, lines)
	}
	for block := int64(64 << 10); ; block *= 8 {
		from := max(0, info.Size-block)
		text, err := c.slice(entry, from)
		if err != nil {
			return 0, err
		}
		if at, enough := lastLines(text, lines); enough || from == 0 {
			return from + int64(at), nil
		}
	}
}

func (c *Cluster) slice(entry string, from int64) ([]byte, error) {
	rc, err := c.openAt(entry, from)
	if err != nil {
		return nil, err
	}
	defer rc.Close()
	return io.ReadAll(rc)
}

// lastLines is where the last n lines of a text begin; enough says that there are so many.
func lastLines(text []byte, n int64) (at int, enough bool) {
	if n == 0 {
		return len(text), true
	}
	end := len(text)
	if end > 0 && text[end-1] == '\n' {
		end--
	}
	for ; n > 0; n-- {
		end = bytes.LastIndexByte(text[:end], '\n')
		if end < 0 {
			return 0, false
		}
	}
	return end + 1, true
}

// tailByReading keeps the offsets of the last lines while it reads the entry once.
func (c *Cluster) tailByReading(entry string, lines int64) (int64, error) {
	if lines == 0 || lines > 10_000_000 {
		return 0, nil
	}
	var starts []int64
	var at int64
	err := c.read(entry, func(r io.Reader) error {
		in := bufio.NewReaderSize(r, 64<<10)
		for fresh := true; ; {
			part, err := in.ReadSlice('\n')
			if fresh && len(part) > 0 {
				starts = append(starts, at)
			}
			if int64(len(starts)) > 2*lines {
				starts = append(starts[:0], starts[int64(len(starts))-lines:]...)
			}
			at += int64(len(part))
			fresh = err == nil
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
				return err
			}
		}
	})
	if err != nil || len(starts) == 0 {
		return 0, err
	}
	return starts[max(0, int64(len(starts))-lines)], nil
}
