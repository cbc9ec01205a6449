import { useWords } from '../words/words.tsx'

export default function Page() {
  const { t } = useWords()
  return <h1 tabIndex={-1}>{t('Dashboards')}</h1>
}
