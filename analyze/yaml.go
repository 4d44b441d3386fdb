package analyze

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/imbundle/imbundle/specs"
)

// maxYAML bounds one object, which is held while it is decoded.
const maxYAML = 4 << 20

// readYAML decodes what kubectl get -o yaml prints: objects, several documents, lists; one item of a list at a time.
func readYAML(r io.Reader, entry string, visit func(*object) error) error {
	y := &yamlReader{kind: kindOfEntry(entry), visit: visit}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxYAML)
	for lines.Scan() {
		if err := y.line(lines.Bytes()); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading objects: %w", err)
	}
	return y.flush()
}

// yamlReader gathers the lines of one object.
type yamlReader struct {
	kind   string
	visit  func(*object) error
	text   []byte
	items  bool   // within the items of a list
	indent []byte // of the items' dashes
	over   bool   // the object is too large and is left out
}

func (y *yamlReader) line(b []byte) error {
	b = bytes.TrimRight(b, "\r")
	switch trimmed := bytes.TrimLeft(b, " "); {
	case bytes.HasPrefix(b, []byte("---")):
		err := y.flush()
		y.items = false
		return err
	case !y.items && bytes.Equal(b, []byte("items:")):
		y.text, y.items, y.indent = y.text[:0], true, nil
		return nil
	case y.items && bytes.HasPrefix(trimmed, []byte("- ")) && (y.indent == nil || len(b)-len(trimmed) == len(y.indent)):
		err := y.flush()
		y.indent = append([]byte{}, b[:len(b)-len(trimmed)]...)
		y.add(append(append([]byte{}, y.indent...), append([]byte("  "), trimmed[2:]...)...))
		return err
	case y.items && y.indent != nil && len(trimmed) > 0 && len(b)-len(trimmed) <= len(y.indent): // the list is over
		err := y.flush()
		y.items = false
		return err
	}
	y.add(b)
	return nil
}

func (y *yamlReader) add(b []byte) {
	if y.over = y.over || len(y.text)+len(b) > maxYAML; !y.over {
		y.text = append(append(y.text, b...), '\n')
	}
}

// flush decodes the object in hand.
func (y *yamlReader) flush() error {
	text := y.text
	y.text = y.text[:0]
	if y.over {
		y.over = false
		return fmt.Errorf("reading objects: one has more than %d bytes", maxYAML)
	}
	if !bytes.Contains(text, []byte("kind:")) && y.kind == "" {
		return nil // the end of a list
	}
	var tree map[string]any
	if err := specs.Unmarshal(text, &tree); err != nil {
		return fmt.Errorf("reading objects: %w", err)
	}
	if tree == nil || tree["metadata"] == nil {
		return nil
	}
	body, err := json.Marshal(tree)
	if err != nil {
		return fmt.Errorf("reading objects: %w", err)
	}
	var o object
	var wrong *json.UnmarshalTypeError
	if err := json.Unmarshal(body, &o); err != nil && !errors.As(err, &wrong) {
		return fmt.Errorf("reading objects: %w", err)
	}
	if o.Kind == "" {
		o.Kind = y.kind
	}
	return y.visit(&o)
}
