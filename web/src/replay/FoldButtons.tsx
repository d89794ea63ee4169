import { Glyph } from "./trace/EntryMark";

interface Props {
  listShown: boolean;
  inspectorShown: boolean;
  onList: () => void;
  onInspector: () => void;
  onKeys: () => void;
}

/** What folds the panels at the sides, and the list of keys. */
export function FoldButtons({ listShown, inspectorShown, onList, onInspector, onKeys }: Props) {
  return (
    <>
      <button type="button" className="sr-icon-button" aria-label="Keys" title="Keys (?)" onClick={onKeys}>
        <Glyph name="question" />
      </button>
      <button
        type="button"
        className="sr-icon-button"
        aria-pressed={listShown}
        aria-label="Session list"
        title="Session list (b)"
        onClick={onList}
      >
        <Glyph name="panelLeft" />
      </button>
      <button
        type="button"
        className="sr-icon-button"
        aria-pressed={inspectorShown}
        aria-label="Inspector"
        title="Inspector (])"
        onClick={onInspector}
      >
        <Glyph name="panelRight" />
      </button>
    </>
  );
}
