package inflate

// What the symbols stand for; codes are added by build.
var (
	literalMeaning, distanceMeaning, lengthMeaning = meanings()
	fixedLiterals, fixedDistances                  = fixedCodes()
)

const (
	endOfBlock   = 256
	maxLiterals  = 286 // symbols that mean something
	maxDistances = 30
	maxLengths   = 19
)

func meanings() (literal, distance, length [symbols]entry) {
	for i := range literal {
		literal[i], distance[i], length[i] = isSpecial, isSpecial, isSpecial
		if i < endOfBlock {
			literal[i] = isLiteral | entry(i)<<valueShift
		}
		if i < maxLengths {
			length[i] = entry(i) << valueShift
		}
	}
	literal[endOfBlock] = isSpecial | isEnd
	value := 3
	for i := 0; i < 28; i++ {
		extra := max(0, i/4-1)
		literal[endOfBlock+1+i] = entry(value)<<valueShift | entry(extra)
		value += 1 << extra
	}
	literal[maxLiterals-1] = longest << valueShift
	value = 1
	for i := range maxDistances {
		extra := max(0, i/2-1)
		distance[i] = entry(value)<<valueShift | entry(extra)
		value += 1 << extra
	}
	return literal, distance, length
}

func fixedCodes() (literal [symbols]byte, distance [32]byte) {
	for i := range literal {
		switch {
		case i < 144, i >= 280:
			literal[i] = 8
		case i < 256:
			literal[i] = 9
		default:
			literal[i] = 7
		}
	}
	for i := range distance {
		distance[i] = 5
	}
	return literal, distance
}

// codes takes over the lengths of the codes of a block.
func (d *decoder) codes(literal, distance []byte) error {
	if !build(d.lit[:], literalBits, literal, &literalMeaning) || !build(d.dist[:], distanceBits, distance, &distanceMeaning) {
		return ErrCorrupt
	}
	d.state = inCoded
	return nil
}

// order is that in which the lengths of the codes of lengths stand.
var order = [maxLengths]byte{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// openDynamic reads the codes of a block that brings its own.
func (d *decoder) openDynamic() error {
	head, err := d.take(14)
	if err != nil {
		return err
	}
	literal, distance, n := head&31+257, head>>5&31+1, head>>10+4
	if literal > maxLiterals || distance > maxDistances {
		return ErrCorrupt
	}
	var long [maxLengths]byte
	for _, symbol := range order[:n] {
		v, err := d.take(3)
		if err != nil {
			return err
		}
		long[symbol] = byte(v)
	}
	var t lengths
	if !build(t[:], lengthBits, long[:], &lengthMeaning) {
		return ErrCorrupt
	}
	var all [maxLiterals + maxDistances]byte
	if err := d.readLengths(&t, all[:literal+distance]); err != nil {
		return err
	}
	return d.codes(all[:literal], all[literal:literal+distance])
}

// readLengths reads the lengths of the codes of literals and distances as one run.
func (d *decoder) readLengths(t *lengths, all []byte) error {
	for i := 0; i < len(all); {
		_, v, err := d.symbol(t)
		if err != nil {
			return err
		}
		if v < 16 {
			all[i] = byte(v)
			i++
			continue
		}
		again := byte(0)
		least, extra := 3, uint(3)
		switch v {
		case 16:
			if i == 0 {
				return ErrCorrupt
			}
			again, extra = all[i-1], 2
		case 18:
			least, extra = 11, 7
		}
		n, err := d.take(extra)
		if err != nil {
			return err
		}
		if n += least; n > len(all)-i {
			return ErrCorrupt
		}
		for range n {
			all[i] = again
			i++
		}
	}
	return nil
}
