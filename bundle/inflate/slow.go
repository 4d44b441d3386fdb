package inflate

// need reads bytes until n bits are there.
func (d *decoder) need(n uint) error {
	for d.have < n {
		c, err := d.in.ReadByte()
		if err != nil {
			return unexpected(err)
		}
		d.bits |= uint64(c) << d.have
		d.have += 8
	}
	return nil
}

func (d *decoder) drop(n uint) {
	d.bits >>= n
	d.have -= n
}

// take reads n bits, the first the lowest.
func (d *decoder) take(n uint) (int, error) {
	if err := d.need(n); err != nil {
		return 0, err
	}
	v := d.bits & (1<<n - 1)
	d.drop(n)
	return int(v), nil
}

// finder is a table: it gives the entry of the code at the beginning of bits.
type finder interface{ find(bits uint64) entry }

// symbol decodes one code, with the extra bits that belong to it, a byte at a time: the entry is right as soon as the bits
// that are there suffice for it.
func (d *decoder) symbol(t finder) (e entry, value int, err error) {
	for {
		e = t.find(d.bits)
		n := uint(e & dropMask)
		if n == 0 { // no code begins like this, whatever follows
			return e, 0, ErrCorrupt
		}
		if n <= d.have {
			value = e.value(d.bits)
			d.drop(n)
			return e, value, nil
		}
		if err := d.need(d.have + 1); err != nil {
			return e, 0, err
		}
	}
}

// slowly decodes one symbol, at the end of the input.
func (d *decoder) slowly() error {
	e, length, err := d.symbol(&d.lit)
	switch {
	case err != nil:
		return err
	case e&isLiteral != 0:
		d.out[d.w] = byte(e >> valueShift)
		d.w++
		return nil
	case e&isEnd != 0:
		d.state = between
		return nil
	case e&isSpecial != 0:
		return ErrCorrupt
	}
	e, distance, err := d.symbol(&d.dist)
	switch {
	case err != nil:
		return err
	case e&isSpecial != 0 || distance > d.w-d.begin:
		return ErrCorrupt
	}
	repeat(d.out, d.w, distance, length)
	d.w += length
	return nil
}
